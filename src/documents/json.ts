import { isUtf8 } from 'node:buffer';
import { type JSONVisitor, visit } from 'jsonc-parser';
import { canonicalText, hashBytes } from '../core/identity';
import { isObject, type Json, type JsonObject, type Sha256 } from '../core/json';
import { DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX } from '../core/limits';
import { show } from './show';

export type DocumentRead =
  | {
      readonly ok: true;
      readonly value: JsonObject;
      /** RFC 8785. */
      readonly text: string;
      readonly hash: Sha256;
    }
  | { readonly ok: false; readonly problem: string };

export type JsonRead =
  { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problem: string };

/**
 * A submitted document, judged for nothing but having a canonical form and keeping the limits (interface, "Bundle").
 * A byte order mark is refused: RFC 8259 forbids to write one, and the hash is to stand for one text.
 */
export function readDocument(bytes: Uint8Array): DocumentRead {
  if (bytes.byteLength > DOCUMENT_BYTES_MAX) return tooLarge(bytes.byteLength, 'bytes');
  if (!isUtf8(bytes)) return refused('the document is not UTF-8: save it in this encoding');
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (source.startsWith('\uFEFF')) {
    return refused('the document begins with a byte order mark: save it as UTF-8 without one');
  }
  const read = parseJson(source);
  if (!read.ok) return read;
  const { value } = read;
  if (!isObject(value)) {
    return refused(`the document is ${show(value)}: it has to be one JSON object`);
  }

  const text = canonicalText(value);
  const canonical = Buffer.from(text, 'utf8');
  // `1e20` is five times as long in canonical form.
  if (canonical.byteLength > DOCUMENT_BYTES_MAX) {
    return tooLarge(canonical.byteLength, 'bytes in canonical form');
  }
  return { ok: true, value, text, hash: hashBytes(canonical) };
}

/**
 * Strict JSON: at most 64 levels, no duplicate keys, no number beyond a double, no lone surrogate. A problem names
 * the line and the column. `__proto__` stays an own key like any other.
 */
export function parseJson(text: string): JsonRead {
  try {
    visit(text, strictVisitor(text), { disallowComments: true });
    const value: Json = JSON.parse(text);
    return { ok: true, value };
  } catch (error) {
    if (error instanceof Refusal) return refused(error.message);
    if (error instanceof SyntaxError) return refused('the document is not JSON');
    throw error;
  }
}

/** Ends the visit at the first problem: what comes behind a syntax error may be nested without any bound. */
class Refusal extends Error {
  constructor(what: string, line: number, character: number, mend = '') {
    super(`${what} at line ${line + 1}, column ${character + 1}${mend}`);
  }
}

function strictVisitor(text: string): JSONVisitor {
  const keysOfOpenObjects: Set<string>[] = [];
  let depth = 0;
  const deeper = (line: number, character: number): void => {
    depth += 1;
    if (depth <= DOCUMENT_DEPTH_MAX) return;
    const what = `the document is nested deeper than ${DOCUMENT_DEPTH_MAX} levels`;
    throw new Refusal(what, line, character);
  };

  return {
    onObjectBegin(_offset, _length, line, character) {
      deeper(line, character);
      keysOfOpenObjects.push(new Set());
    },
    onObjectEnd() {
      depth -= 1;
      keysOfOpenObjects.pop();
    },
    onArrayBegin: (_offset, _length, line, character) => deeper(line, character),
    onArrayEnd() {
      depth -= 1;
    },
    onObjectProperty(key, _offset, _length, line, character) {
      checkText(key, line, character);
      const keys = keysOfOpenObjects.at(-1);
      if (keys?.has(key)) {
        const what = `the key ${show(key)} stands twice in one object, the second time`;
        throw new Refusal(what, line, character, ': keep one of them');
      }
      keys?.add(key);
    },
    onLiteralValue(value: unknown, offset, length, line, character) {
      if (typeof value === 'string') checkText(value, line, character);
      if (typeof value === 'number' && !Number.isFinite(value)) {
        const what = `the number ${show(text.slice(offset, offset + length))} is beyond a double`;
        throw new Refusal(what, line, character);
      }
    },
    onError(_code, offset, length, line, character) {
      const found = text.slice(offset, offset + length);
      const what = found === '' ? 'it ends too early' : `unexpected ${show(found)}`;
      throw new Refusal(`the document is not JSON: ${what}`, line, character);
    },
  };
}

function checkText(text: string, line: number, character: number): void {
  if (!/\p{Surrogate}/u.test(text)) return;
  throw new Refusal(
    `the text ${show(text)} holds a lone surrogate, half of a character,`,
    line,
    character,
  );
}

function tooLarge(size: number, unit: string): DocumentRead {
  return refused(`the document has ${size} ${unit}, more than ${DOCUMENT_BYTES_MAX} (16 MiB)`);
}

function refused(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}
