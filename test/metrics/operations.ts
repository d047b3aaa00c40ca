import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const ROOT = join(__dirname, '..', '..');
export const RULES = join(ROOT, 'ops', 'prometheus', 'alerts.yml');
const DASHBOARD = join(ROOT, 'ops', 'grafana', 'harness-dashboard.json');

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

export function alerts(): readonly Alert[] {
  const { groups } = parse(readFileSync(RULES, 'utf8')) as {
    groups: readonly { rules: readonly Alert[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
}

export function panels(): readonly Panel[] {
  const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: readonly Panel[] };
  return dashboard.panels;
}

/** Every expression that is shipped, with where it stands. */
export function expressions(): readonly { readonly where: string; readonly expr: string }[] {
  return [
    ...alerts().map(({ alert, expr }) => ({ where: `alert ${alert}`, expr })),
    ...panels().flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ where: `panel ${title}`, expr })),
    ),
  ];
}
