/** Colours of one theme. Text on its ground has a contrast of at least 4.5, lines of at least 3. */
interface Theme {
  readonly page: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly builtin: Kind;
  readonly skill: Kind;
  readonly gate: Kind;
  readonly skip: Kind;
}
interface Kind {
  readonly fill: string;
  readonly edge: string;
  /** Edge of a critical task, and the order badge with `page` as its text. */
  readonly strong: string;
}

const LIGHT: Theme = {
  page: '#ffffff',
  text: '#1f2933',
  muted: '#52606d',
  line: '#7b8794',
  builtin: { fill: '#eef4fb', edge: '#6f93c0', strong: '#2f5584' },
  skill: { fill: '#eff7f1', edge: '#6a9a7a', strong: '#2f6444' },
  gate: { fill: '#fdf6e7', edge: '#a8802f', strong: '#7a5c1e' },
  skip: { fill: '#f4f5f7', edge: '#7b8794', strong: '#52606d' },
};

const DARK: Theme = {
  page: '#12171d',
  text: '#e4e7eb',
  muted: '#a3b0bd',
  line: '#7b8794',
  builtin: { fill: '#1a2736', edge: '#5f84b3', strong: '#9dbfe8' },
  skill: { fill: '#1a2b21', edge: '#5d9170', strong: '#98d0ac' },
  gate: { fill: '#2a2416', edge: '#b38a3c', strong: '#dcb768' },
  skip: { fill: '#1d232a', edge: '#7b8794', strong: '#a3b0bd' },
};

const SANS =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', sans-serif";
const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/** Every rule begins with the root's class, so that a picture set into a page restyles nothing else. */
export const ROOT_CLASS = 'task-graph';

/** Plain rules, no custom properties: viewers that are no browsers know only these. */
export const STYLE = [
  ...scoped([
    `text{font-family:${SANS}}`,
    '.graph{font-size:18px;font-weight:700}',
    '.name{font-size:14px;font-weight:700}',
    '.small{font-size:12px}',
    `.code{font-size:11px;font-family:${MONO}}`,
    '.mid{text-anchor:middle}',
    '.box{stroke-width:1.25}',
    '.critical .box{stroke-width:3}',
    '.line{fill:none;stroke-width:1.5}',
    '.dashed{stroke-dasharray:6 4}',
  ]),
  ...themed(LIGHT),
  '@media (prefers-color-scheme:dark){',
  ...themed(DARK),
  '}',
].join('\n');

function themed(theme: Theme): readonly string[] {
  const kinds = (['builtin', 'skill', 'gate', 'skip'] as const).flatMap((kind) => {
    const { fill, edge, strong } = theme[kind];
    return [
      `.${kind} .box{fill:${fill};stroke:${edge}}`,
      `.${kind}.critical .box{stroke:${strong}}`,
      `.${kind} .badge{fill:${strong}}`,
    ];
  });
  return scoped([
    `.page{fill:${theme.page}}`,
    `text{fill:${theme.text}}`,
    `.muted{fill:${theme.muted}}`,
    `.number{fill:${theme.page}}`,
    `.line{stroke:${theme.line}}`,
    `.head{fill:${theme.line}}`,
    ...kinds,
  ]);
}

function scoped(rules: readonly string[]): readonly string[] {
  return rules.map((rule) => `.${ROOT_CLASS} ${rule}`);
}
