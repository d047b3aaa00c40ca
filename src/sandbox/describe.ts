import type { Child } from './child';
import { converterText } from './host-file';
import { watchMemory } from './memory';
import { messageOf } from './message';
import type { Message } from './message';
import { diedOf, oversized } from './run';
import type { Described } from './types';

const refused = (problem: string): Described => ({ ok: false, problem });

/** Asks a fresh child what the code says of itself; the child is gone when this settles. */
export async function describeIn(
  child: Child,
  code: string,
  timeoutMs: number,
  closing: AbortSignal,
): Promise<Described> {
  const converter = converterText();
  let answer: Described | undefined;
  const end = (given: Described): void => {
    answer ??= given;
    child.kill();
  };
  child.listen((line) => {
    const given = line === null ? refused('it says more than it may') : answerTo(messageOf(line));
    if (given !== undefined) end(given);
  });
  const timer = setTimeout(
    () => end(refused(`its module code took longer than ${timeoutMs} ms`)),
    timeoutMs,
  );
  const unwatch = watchMemory(child.pid, () => end(refused('its module code outgrew its memory')));
  const stop = (): void => end(refused('the sandbox was closed'));
  closing.addEventListener('abort', stop, { once: true });
  child.send({ kind: 'describe', code, converter });
  const death = await child.gone;
  clearTimeout(timer);
  unwatch();
  closing.removeEventListener('abort', stop);
  return answer ?? refused(diedOf(death));
}

function answerTo(message: Message | undefined): Described | undefined {
  switch (message?.kind) {
    case 'begun':
    case 'log':
      return undefined;
    case 'described':
      return { ok: true, manifest: message.manifest, output: message.output };
    case 'threw':
      return refused(message.detail);
    case 'oversized':
      return refused(oversized(message.bytes));
    case 'attempt': {
      const { api, resource } = message.attempt;
      const what = resource === null ? api : `${api} (${resource})`;
      return refused(`its module code reaches for ${what}, which no skill has`);
    }
    default:
      return refused('it says what is no JSON that a document may hold');
  }
}
