import { isUtf8 } from 'node:buffer';
import { readSync } from 'node:fs';

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * The lines of the first `end` bytes, in order, without their newlines; `whole` is false for a
 * last one that has none.
 */
export function* linesForward(
  fd: number,
  end: number,
): Generator<{ readonly bytes: Buffer; readonly whole: boolean }> {
  let rest: Buffer[] = [];
  let size = end;
  for (let at = 0; at < size;) {
    const block = readUpTo(fd, at, Math.min(size, at + BLOCK));
    // Without a lock a torn tail may be cut off meanwhile: what is left then ends unfinished.
    if (block.length === 0) size = at;
    at += block.length;
    let from = 0;
    for (let to = block.indexOf(NEWLINE); to !== -1; to = block.indexOf(NEWLINE, from)) {
      const piece = block.subarray(from, to);
      yield { bytes: rest.length === 0 ? piece : Buffer.concat([...rest, piece]), whole: true };
      rest = [];
      from = to + 1;
    }
    if (from < block.length) rest.push(block.subarray(from));
  }
  const shortened = size < end;
  if (rest.length > 0 || shortened) yield { bytes: Buffer.concat(rest), whole: false };
}

/** What is no UTF-8 is given as a text that is nothing of ours: no byte may pass as another. */
export function textOf(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString() : '';
}

/** The whole lines as text; `onTorn` is told when bytes stand after the last one. */
export function* wholeTexts(
  fd: number,
  end: number,
  onTorn: () => void = () => undefined,
): Generator<string> {
  for (const { bytes, whole } of linesForward(fd, end)) {
    if (whole) yield textOf(bytes);
    else onTorn();
  }
}

/** The whole lines of the first `end` bytes, last first; `end` must stand right after a newline. */
export function* linesBackward(fd: number, end: number): Generator<Buffer> {
  let rest: Buffer[] = [];
  // The newline that closes the last line is left out: from here on a newline stands before each
  // line.
  for (let at = end - 1; at > 0;) {
    const from = Math.max(0, at - BLOCK);
    const block = readBlock(fd, from, at);
    at = from;
    let to = block.length;
    for (let cut = block.lastIndexOf(NEWLINE); cut !== -1; cut = lastBefore(block, cut)) {
      yield Buffer.concat([block.subarray(cut + 1, to), ...rest]);
      rest = [];
      to = cut;
    }
    rest.unshift(block.subarray(0, to));
  }
  if (end > 0) yield Buffer.concat(rest);
}

/**
 * Where the last whole line of the first `end` bytes ends: the size the file has without a torn
 * tail.
 */
export function endOfLastLine(fd: number, end: number): number {
  for (let at = end; at > 0;) {
    const from = Math.max(0, at - BLOCK);
    const cut = readBlock(fd, from, at).lastIndexOf(NEWLINE);
    if (cut !== -1) return from + cut + 1;
    at = from;
  }
  return 0;
}

/** How many newlines the first `end` bytes have. */
export function countLines(fd: number, end: number): number {
  let count = 0;
  for (let at = 0; at < end;) {
    const block = readBlock(fd, at, Math.min(end, at + BLOCK));
    for (let cut = block.indexOf(NEWLINE); cut !== -1; cut = block.indexOf(NEWLINE, cut + 1)) {
      count += 1;
    }
    at += block.length;
  }
  return count;
}

/** A negative start would count from the end of the buffer. */
function lastBefore(block: Buffer, position: number): number {
  return position === 0 ? -1 : block.lastIndexOf(NEWLINE, position - 1);
}

/** The bytes [from, to) of a file that has them. */
export function readBlock(fd: number, from: number, to: number): Buffer {
  const block = readUpTo(fd, from, to);
  if (block.length < to - from) throw new Error('the file became shorter while it was read');
  return block;
}

function readUpTo(fd: number, from: number, to: number): Buffer {
  const block = Buffer.allocUnsafe(to - from);
  let filled = 0;
  while (filled < block.length) {
    const count = readSync(fd, block, filled, block.length - filled, from + filled);
    if (count === 0) break;
    filled += count;
  }
  return block.subarray(0, filled);
}
