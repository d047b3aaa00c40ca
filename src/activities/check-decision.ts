import type { DecisionCheck } from '../core/deciders';
import { factsOf } from '../core/registry';
import type { CheckCall, Checked } from './contract';
import type { Dependencies } from './dependencies';

/** Who decides, told by the operators file and the signature; and who, as the author of a halted skill, must not alone. */
export async function checkDecision(deps: Dependencies, call: CheckCall): Promise<Checked> {
  const found = deps.people.check(call.decision);
  if (found === null) {
    if (!call.expected) return { deciders: null, check: null };
    const why =
      'operators were configured when the cycle heard of them, and are not any more: put the file back, or cancel the cycle';
    return { deciders: null, check: { ok: false, why } };
  }
  const { deciders, check } = found;
  return { deciders, check: await withAuthor(deps, call, check) };
}

async function withAuthor(
  { store, states }: Dependencies,
  { raised_by }: CheckCall,
  check: DecisionCheck,
): Promise<DecisionCheck> {
  if (!check.ok || raised_by === null || !raised_by.includes('.')) return check;
  const { registry } = await store.registry.now();
  const facts = factsOf(registry, raised_by);
  if (facts === null) return check;
  const { manifest } = await states.registration(facts.registration);
  return { ...check, author: manifest.author };
}
