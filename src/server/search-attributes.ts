import type { OperatorService } from '@temporalio/client';

import { messageOf } from '../core/invariant';
import { Problem } from '../problem';

/** By name; the harness needs no other type. */
export type SearchAttributes = Readonly<Record<string, 'Keyword'>>;

/** The server's IndexedValueType: the place of a name is its number. */
const TYPES = ['?', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'];
const KEYWORD = TYPES.indexOf('Keyword');

/**
 * Adds those of `attributes` that the namespace lacks; returns their names. Calling it again adds
 * nothing.
 * @throws Problem `REFUSED` when one exists with another type, or when the server does not let us add
 *   them.
 */
export async function ensureSearchAttributes(
  connection: { readonly operatorService: OperatorService },
  namespace: string,
  attributes: SearchAttributes,
): Promise<string[]> {
  const missing = await missingAttributes(connection, namespace, attributes);
  if (missing.length === 0) return [];
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
  } catch (error) {
    // Somebody else may have added them since we looked.
    const still = await missingAttributes(connection, namespace, attributes);
    if (still.length > 0) throw refused(namespace, still, error);
  }
  return missing;
}

/** Those of `attributes` that the namespace lacks. @throws Problem `REFUSED`, as above. */
export async function missingAttributes(
  connection: { readonly operatorService: OperatorService },
  namespace: string,
  attributes: SearchAttributes,
): Promise<string[]> {
  const names = Object.keys(attributes);
  const present = await listed(connection, namespace, names);
  for (const name of names) {
    const type = present[name];
    if (type !== undefined && type !== KEYWORD) {
      throw new Problem(
        'REFUSED',
        `search attribute ${name} of namespace ${namespace} is of type` +
          ` ${TYPES[type] ?? type}, the harness needs Keyword: remove it on the server, or use` +
          ' another namespace',
      );
    }
  }
  return names.filter((name) => present[name] === undefined);
}

async function listed(
  connection: { readonly operatorService: OperatorService },
  namespace: string,
  names: readonly string[],
) {
  try {
    const answer = await connection.operatorService.listSearchAttributes({ namespace });
    return answer.customAttributes;
  } catch (error) {
    throw refused(namespace, names, error);
  }
}

function refused(namespace: string, names: readonly string[], error: unknown): Error {
  const options = names.map((name) => `--name ${name} --type Keyword`).join(' ');
  return new Problem(
    'REFUSED',
    `search attributes of namespace ${namespace} could not be set up (${messageOf(error)}): have` +
      ` them made with temporal operator search-attribute create --namespace ${namespace} ${options}`,
    null,
    error,
  );
}
