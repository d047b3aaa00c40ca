import type { Literal } from './condition-fields';

/** A piece of a condition; `end` is empty. */
export interface Token {
  readonly type: 'word' | 'number' | 'string' | 'sign' | 'end';
  readonly text: string;
  readonly position: number;
}

// Wider than the language on purpose, so that what is refused is named whole: a word in other
// letters, `0x10`, `===`.
const TOKEN = new RegExp(
  [
    /(?<word>[\p{L}_$][\p{L}\p{M}\p{N}_$]*(?:\.[\p{L}_$][\p{L}\p{M}\p{N}_$]*)*)/u,
    /(?<number>-?\.?[0-9](?:[eE][+-]|[\w.])*)/u,
    /(?<string>'[^']*'?|"[^"]*"?)/u,
    /(?<sign>[=!<>&|]+|[^])/u,
  ]
    .map((part) => part.source)
    .join('|'),
  'uy',
);
const SPACES = /[ \t\r\n]*/y;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const STRING = /^'[^'\\\p{Cc}]*'$/u;

/**
 * Walks the text token by token. Each token is the longest piece that reads as one, allowed or not.
 */
export class Tokens {
  private readonly text: string;
  current: Token;

  constructor(text: string) {
    this.text = text;
    this.current = this.read(0);
  }

  /** The current token, and on to the next. */
  take(): Token {
    const token = this.current;
    this.current = this.read(token.position + token.text.length);
    return token;
  }

  private read(from: number): Token {
    SPACES.lastIndex = from;
    SPACES.test(this.text);
    const position = SPACES.lastIndex;
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(this.text);
    if (match === null) return { type: 'end', text: '', position };
    const { word, number, string } = match.groups ?? {};
    const type = word ? 'word' : number ? 'number' : string ? 'string' : 'sign';
    return { type, text: match[0], position };
  }
}

/** The value of a literal; undefined for a token that is none. */
export function literalOf({ type, text }: Token): Literal | undefined {
  if (type === 'string' && STRING.test(text)) return text.slice(1, -1);
  if (type === 'number' && NUMBER.test(text) && Number.isFinite(Number(text))) return Number(text);
  if (type === 'word' && (text === 'true' || text === 'false')) return text === 'true';
  return undefined;
}
