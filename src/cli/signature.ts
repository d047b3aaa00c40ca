import type { DecisionRequest } from '../core/halts';
import { Problem } from '../problem';
import type { Context } from './context';

/** `--key FILE`: the decision's signature; nothing without the option. @throws Problem USAGE for a file that holds no such key */
export async function signatureOf(
  context: Context,
  decision: DecisionRequest,
  file: string | undefined,
): Promise<{ signature?: string }> {
  if (file === undefined) return {};
  const { signDecision } = await import('../people/signature');
  const pem = Buffer.from(context.read(file).bytes).toString('utf8');
  try {
    return { signature: signDecision(decision, pem) };
  } catch (error) {
    const what = `${file} holds no Ed25519 private key in PEM`;
    const how = '`openssl genpkey -algorithm ed25519` makes one';
    throw new Problem('USAGE', `${what}: ${how}`, file, error);
  }
}
