import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyTrail } from '../../src/audit/verify';
import { canonicalText } from '../../src/core/identity';
import { openFileStore } from '../../src/store/files';
import { chained, keepDocuments, trailOf } from '../audit/trails';
import { policyWith } from '../core/samples';
import { freshBundle } from '../support/bundles';
import { Sandbox } from '../support/sandbox';

let box: Sandbox;
let cycle = '';
const keys = generateKeyPairSync('ed25519');
const pem = { format: 'pem' } as const;
beforeAll(async () => {
  box = await Sandbox.open();
  await box.worker();
  box.file('key.pem', keys.privateKey.export({ ...pem, type: 'pkcs8' }).toString());
  box.file('public.pem', keys.publicKey.export({ ...pem, type: 'spki' }).toString());
  const input = box.file('bundle.json', freshBundle());
  const { value } = await box.json(['cycle', 'start', '--input', input, '--wait']);
  cycle = String(value['cycle_id']);
});
afterAll(() => box.close());

it('C1.1 the record is held against signed checkpoints and the history of Temporal', async () => {
  const signed = await box.json(['audit', 'checkpoint', '--key', 'key.pem', '--out', 'copy.json']);
  expect(signed).toMatchObject({ status: 0, value: { v: 1 } });
  expect(signed.value['chains']).toHaveLength(2);
  const args = ['audit', 'verify', '--public-key', 'public.pem', '--against-temporal'];
  expect(await box.json(args)).toMatchObject({ status: 0, value: { status: 'INTACT' } });
});

it('C1.1 an exported folder is verified with nothing but the public key', async () => {
  expect(await box.run(['audit', 'export', '--out', 'out'])).toMatchObject({ status: 0 });
  expect(await box.run(['audit', 'export', '--out', 'out'])).toMatchObject({ status: 1 });
  const args = ['audit', 'verify', '--export', 'out', '--public-key', 'public.pem'];
  expect(await box.json(args)).toMatchObject({ status: 0, value: { status: 'INTACT' } });
  expect(readdirSync(join(box.home, 'out', 'pages'))).toEqual([`${cycle}.html`]);
  // The private key is none to verify with: nobody could look.
  const wrong = [...args.slice(0, -1), 'key.pem'];
  expect(await box.json(wrong)).toMatchObject({ status: 3, value: { status: 'UNREADABLE' } });
});

it('C1.1 a cycle that is removed with everything around it is missed by Temporal and by the checkpoint', async () => {
  await box.removeRecord(cycle);
  expect(await box.json(['audit', 'verify'])).toMatchObject({ status: 0 });
  for (const witness of [['--against-temporal'], ['--public-key', 'public.pem']]) {
    const found = await box.json(['audit', 'verify', ...witness]);
    expect(found).toMatchObject({ status: 2, value: { status: 'INCOMPLETE' } });
  }
});

it('C1.1 many chains are looked at in several threads, and told of as by one', async () => {
  const home = mkdtempSync(join(box.home, 'many-'));
  const store = await openFileStore(home);
  const pathOf = (id: string) => join(home, 'audit', `${id}.jsonl`);
  const ids: string[] = [];
  for (let i = 0; i < 600; i += 1) {
    const script = { policy: policyWith({ version: `${i}.0.0` }) };
    const { cycleId, drafts } = trailOf(script);
    await keepDocuments(store, script);
    const lines = chained(cycleId, drafts).map((entry) => canonicalText({ ...entry }));
    writeFileSync(pathOf(cycleId), `${lines.join('\n')}\n`);
    ids.push(cycleId);
  }
  const [flipped = '', cut = '', emptied = ''] = [ids[7], ids[300], ids[599]];
  writeFileSync(pathOf(flipped), readFileSync(pathOf(flipped), 'utf8').replace('T1', 'T2'));
  writeFileSync(pathOf(cut), readFileSync(pathOf(cut)).subarray(0, -9));
  writeFileSync(pathOf(emptied), '');
  // From the sources it is one thread; the command has as many as there are cores.
  const one = await verifyTrail(home);
  expect(one.cycles.filter(({ status }) => status === 'INTACT')).toHaveLength(597);
  const many = await box.json(['audit', 'verify', '--export', home]);
  expect(many).toEqual({ status: 1, value: JSON.parse(JSON.stringify(one)) });
});
