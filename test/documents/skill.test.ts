import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/core/json';
import { readManifest } from '../../src/documents/skill';
import { manifestWith } from '../core/skill-samples';
import { changed } from './samples';

const manifest: JsonObject = { ...manifestWith() };

describe('a manifest is read', () => {
  test('C7.R: as it stands', () => {
    expect(readManifest(manifest)).toEqual({ ok: true, manifest });
  });

  const accepted: [string, Json[]][] = [
    ['skill_id', ['a', 'acme', 'a-1.b-2.c', '-', '0', 'harness', 'harness-x.y', 'a'.repeat(128)]],
    ['skill_version', ['0.0.0', '1.2.3-rc.1', '1.2.3+build.5', '10.20.30-a.b-c+d']],
    ['layer', ['L9', 'L99']],
    ['task_types', [['a'], ['a', 'b']]],
    ['required_inputs', [[], ['timestamp', 'flow_state']]],
    ['requires_permissions', [[], ['momentum', 'value']]],
    ['layer_dependencies', [[]]],
    ['side_effects', [[], ['audit_log', 'desk.notify-1']]],
    ['output_schema', ['Ranking', 'Signals2']],
    ['decision_ledger_ref', ['D000', 'D010.1', 'D010.12']],
  ];
  test.each(accepted)('C7.D: %s may be each of %j', (path, values) => {
    for (const value of values) {
      expect(readManifest(changed(manifest, path, value))).toMatchObject({ ok: true });
    }
  });
});

describe('a manifest is refused', () => {
  test.each(Object.keys(manifest))('C7.D: without %s, and nothing is defaulted', (path) => {
    expect(readManifest(changed(manifest, path, undefined))).toEqual({
      ok: false,
      problem: `manifest: ${path} is missing`,
      path,
    });
  });

  const wrong: [string, Json[]][] = [
    ['skill_id', ['', 'Acme', 'a..b', '.a', 'a.', 'a_b', 'a b', 'ä', 'harness.x', 1, null, 'a\n']],
    ['skill_id', ['a'.repeat(129)]],
    ['skill_version', ['', '1', '1.2', 'v1.2.3', '01.2.3', '1.2.3-', '1.2.3-01', '1.2.3 ', 1]],
    ['layer', ['', 9, null]],
    ['task_types', [[], 'a', null, {}]],
    ['task_types[0]', ['', 1, 'validate_state', 'check_regime', 'filter_beliefs', 'emit_actions']],
    ['required_inputs[1]', ['beliefs', 'regime', '', null, 'regime_state']],
    ['requires_permissions[0]', ['', 3, 'x'.repeat(129)]],
    ['layer_dependencies[1]', ['L6', 6]],
    ['side_effects[0]', ['', '1a', 'a b', '__proto__', null]],
    ['output_schema', ['', 'RegimeState', 'FactorPermission', 'Signal', 'SignalSet', 'Belief']],
    ['output_schema', ['BeliefSet', 'MacroState', 'FlowState', 'regime_state', 'StateValidation']],
    ['output_schema', ['RegimeCheck', 'BeliefFilter', 'ActionEmission', 'x'.repeat(129)]],
    ['author', ['', null]],
    ['decision_ledger_ref', ['', 'D14', 'D0141', 'EV-001', 'D014.', 'd014', 'D014 ', 14]],
  ];
  test.each(wrong)('C7.D, C7.SK1: where %s is one of %j, naming the path', (path, values) => {
    for (const value of values) {
      const result = readManifest(changed(manifest, path, value));
      expect(result).toMatchObject({ ok: false, path });
      expect(!result.ok && result.problem).toMatch(/^manifest: .* is .*, not .*[^.]$/);
    }
  });

  test.each(['run', 'output', 'state', '__proto__'])('C7.D: for the unknown key %s', (key) => {
    const text = JSON.stringify(manifest);
    expect(readManifest(JSON.parse(`{"${key}":1,${text.slice(1)}`))).toEqual({
      ok: false,
      problem: `manifest: the document has an unknown key "${key}"`,
      path: key,
    });
  });

  test('whatever else it is, in one sentence and without throwing', () => {
    const key = fc.constantFrom(...Object.keys(manifest));
    fc.assert(
      fc.property(fc.jsonValue(), key, fc.jsonValue(), (value, key, held) => {
        for (const each of [value, changed(manifest, key, held as Json)]) {
          const result = readManifest(each as Json);
          if (result.ok) continue;
          expect(result.problem).toMatch(/^manifest: [^\n]+$/);
          expect(result.problem).not.toMatch(/\bat .*:\d+:\d+/);
        }
      }),
    );
  });
});
