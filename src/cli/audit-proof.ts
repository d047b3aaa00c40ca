import type { KeyObject } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  checkpointFiles,
  checkpointFolder,
  makeCheckpoint,
  readCheckpoint,
  readSigner,
  readVerifier,
} from '../audit/checkpoint';
import { exportTrail, isEmpty } from '../audit/export';
import { verify } from '../audit/verify';
import type { Testimony } from '../audit/witness';
import { messageOf } from '../core/invariant';
import { Problem } from '../problem';
import { homeAt } from '../store/files/home';
import type { Context } from './context';

/** Signs how far every chain has come. */
export async function checkpoint(context: Context, keyFile: string, out?: string): Promise<void> {
  const key = keyIn(context, keyFile, readSigner, 'private');
  const trail = await context.trail();
  const report = await verify(trail).finally(() => trail.close());
  if (report.exit !== 0) {
    const why = `the trail is ${report.status}: a checkpoint vouches for what is intact; run harness audit verify`;
    throw new Problem('REFUSED', why, trail.where);
  }
  const made = await makeCheckpoint(await context.store(), key, new Date().toISOString());
  const text = `${JSON.stringify(made)}\n`;
  const home = homeAt(context.home);
  const file = join(checkpointFolder(home), `${made.at.replaceAll(':', '.')}.json`);
  const files = [file, ...(out === undefined ? [] : [out])];
  for (const path of files) write(path, text);
  context.print(made, `${made.chains.length} chains signed: ${files.join(', ')}`);
}

/** The record as something to hand over. */
export async function exportTo(
  context: Context,
  id: string | undefined,
  out: string,
): Promise<void> {
  const folder = resolve(out);
  if (!(await isEmpty(folder)))
    throw new Problem('REFUSED', `${out} is not empty: give a new folder`, '--out');
  const store = await context.store();
  const { findCycle } = await import('../client/inspect');
  const cycle = id === undefined ? undefined : (await findCycle(store, id)).cycle_id;
  const { cyclePage } = await import('../draw/page');
  const trail = await context.trail();
  const from = { store, trail, home: context.home };
  const done = await exportTrail(from, folder, cyclePage, cycle).finally(() => trail.close());
  const { cycles, entries, documents } = done;
  const check = `check it with: harness audit verify ${cycle ?? ''} --export ${out}`;
  context.print(
    done,
    `${cycles} cycles, ${entries} entries, ${documents} documents in ${out}\n${check}`,
  );
}

/** What the checkpoints of `home`, and `more`, bear witness to. @throws Problem for one that the key has not signed */
export async function checkpointTestimonies(
  context: Context,
  home: string,
  keyFile: string,
  more?: string,
): Promise<Testimony[]> {
  const key = keyIn(context, keyFile, readVerifier, 'public');
  const files = [...(await checkpointFiles(homeAt(home))), ...(more === undefined ? [] : [more])];
  if (files.length === 0) {
    const why = `no checkpoint is in ${home}: harness audit checkpoint makes one, --checkpoint names one`;
    throw new Problem('NOT_FOUND', why, '--public-key');
  }
  return files.map((file) => {
    const text = Buffer.from(context.read(file).bytes).toString('utf8');
    const read = readCheckpoint(text, key);
    if (read.problem === null) return read.testimony;
    throw new Problem('REFUSED', `the checkpoint ${file} proves nothing, ${read.problem}`, file);
  });
}

function keyIn(
  context: Context,
  file: string,
  read: (pem: string) => KeyObject,
  kind: 'private' | 'public',
): KeyObject {
  const pem = Buffer.from(context.read(file).bytes).toString('utf8');
  try {
    return read(pem);
  } catch (error) {
    const how = `openssl ${kind === 'private' ? 'genpkey -algorithm ed25519' : 'pkey -pubout'}`;
    const why = `${file} is no Ed25519 ${kind} key in PEM: \`${how}\` makes one`;
    throw new Problem('UNREADABLE', why, file, error);
  }
}

function write(file: string, content: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, content, { mode: 0o600, flush: true });
  } catch (error) {
    throw new Problem('UNREADABLE', `${file} cannot be written: ${messageOf(error)}`, file, error);
  }
}
