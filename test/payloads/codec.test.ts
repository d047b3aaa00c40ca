import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { payloadCodec } from '../../src/payloads/codec';
import { readPayloadKeys } from '../../src/payloads/keys';
import { type CodecServer, serveCodec } from '../../src/payloads/server';

const SECRET = 'regime TRENDING_NORMAL_VOL';
const UI = 'http://127.0.0.1:8233';
const key = (): string => randomBytes(32).toString('base64');
const K1 = key();
const K2 = key();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'harness-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(content: unknown, mode = 0o600): string {
  const path = join(folder, 'keys.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(path, mode);
  return path;
}
function codecOf(write: string, keys: Record<string, string>) {
  return payloadCodec(readPayloadKeys(file({ write, keys })));
}
function payload(value: unknown = { said: SECRET }): Payload {
  return defaultPayloadConverter.toPayload(value);
}
const valueOf = (each: Payload | undefined): unknown =>
  defaultPayloadConverter.fromPayload(each ?? {});

describe('the codec', () => {
  test('what is written cannot be read without the key, and comes back whole with it', async () => {
    const codec = codecOf('k1', { k1: K1 });
    const [one, same] = await codec.encode([payload(), payload()]);
    expect(Buffer.from(one?.data ?? []).toString('latin1')).not.toContain('TRENDING');
    expect(Buffer.from(one?.data ?? [])).not.toEqual(Buffer.from(same?.data ?? []));
    const metadata = Object.entries(one?.metadata ?? {});
    expect(metadata.map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
      ['encoding', 'binary/encrypted'],
      ['encryption-cipher', 'AES-256-GCM'],
      ['encryption-key-id', 'k1'],
    ]);
    const back = await codec.decode([one ?? {}, same ?? {}]);
    expect(back.map(valueOf)).toEqual([{ said: SECRET }, { said: SECRET }]);
  });

  test('after a rotation the new key writes, and the old one still reads', async () => {
    const old = await codecOf('k1', { k1: K1 }).encode([payload()]);
    const rotated = codecOf('k2', { k1: K1, k2: K2 });
    const both = [...old, ...(await rotated.encode([payload('new')]))];
    expect((await rotated.decode(both)).map(valueOf)).toEqual([{ said: SECRET }, 'new']);
    expect(Buffer.from(both[1]?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('k2');
  });

  test('what is not encrypted is read as it is, with keys and without', async () => {
    const plain = [payload()];
    expect(await codecOf('k1', { k1: K1 }).decode(plain)).toEqual(plain);
    expect(await payloadCodec(null).decode(plain)).toEqual(plain);
    expect(await payloadCodec(null).encode(plain)).toEqual(plain);
  });

  test('who lacks the key is told which one, and what to do', async () => {
    const [one = {}] = await codecOf('k1', { k1: K1 }).encode([payload()]);
    await expect(payloadCodec(null).decode([one])).rejects.toThrow(
      /^a payload is encrypted with key "k1": name the file that has it with HARNESS_PAYLOAD_KEYS$/,
    );
    await expect(codecOf('k2', { k2: K2 }).decode([one])).rejects.toThrow(
      /^a payload is encrypted with key "k1", which HARNESS_PAYLOAD_KEYS does not have: add it/,
    );
    await expect(codecOf('k1', { k1: K2 }).decode([one])).rejects.toThrow(
      /^a payload does not fit key "k1": /,
    );
  });

  test.each([0, 11, 12, 40, -1])('a changed byte at %p is seen', async (at) => {
    const codec = codecOf('k1', { k1: K1 });
    const [one = {}] = await codec.encode([payload()]);
    const data = Buffer.from(one.data ?? []);
    const position = at < 0 ? data.length + at : at;
    data.writeUInt8(data.readUInt8(position) ^ 1, position);
    await expect(codec.decode([{ ...one, data }])).rejects.toThrow('does not fit key');
    await expect(codec.decode([{ ...one, data: data.subarray(0, 9) }])).rejects.toThrow('fit key');
  });
});

describe('the key file', () => {
  test.each([0o644, 0o640, 0o604])('that others may read (%o) is refused', (mode) => {
    const path = file({ write: 'k1', keys: { k1: K1 } }, mode);
    expect(() => readPayloadKeys(path)).toThrow(/^others may read the payload keys in .*chmod 600/);
  });

  test.each([
    ['{"write": "k1", "keys": {"k1": "c2hvcnQ="}}', 'key "k1" is not of 32 bytes'],
    [{ write: 'k2', keys: { k1: K1 } }, '"write" names "k2", which is not among its keys'],
    [{ keys: { k1: K1 } }, '"write" names no key'],
    [{ write: 'k1', keys: { 'k 1': K1 } }, '"k 1" is no name of a key'],
    [{ write: 'k1', keys: { k1: K1 }, more: 1 }, 'it has an unknown key "more"'],
    [[K1], 'it is no JSON object'],
    [`{"write": "k1", "keys": {"k1": "${K1}"`, 'are no JSON'],
  ])('that holds no keys is refused in a sentence without a key in it (%#)', (content, what) => {
    const refused = (): unknown => readPayloadKeys(file(content));
    expect(refused).toThrow(what);
    expect(refused).not.toThrow(K1);
  });

  test('that is not there is told with the name of the variable', () => {
    expect(() => readPayloadKeys(join(folder, 'none'))).toThrow('correct HARNESS_PAYLOAD_KEYS');
  });
});

describe('the codec server', () => {
  let server: CodecServer;
  const open = async (token: string | null = null): Promise<CodecServer> =>
    (server = await serveCodec(codecOf('k1', { k1: K1 }), {
      host: '127.0.0.1',
      port: 0,
      origins: [UI],
      token,
    }));
  afterEach(() => server.close());

  const body = JSON.stringify({
    payloads: [
      {
        metadata: { encoding: Buffer.from('json/plain').toString('base64') },
        data: Buffer.from(JSON.stringify(SECRET)).toString('base64'),
      },
    ],
  });
  const post = (path: string, text: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: text,
    });

  test('encodes and decodes as the protocol says', async () => {
    await open();
    const encoded = await (await post('/encode', body)).text();
    expect(encoded).not.toContain(Buffer.from(SECRET).toString('base64').slice(4, 20));
    const decoded = await post('/decode', encoded, { 'x-namespace': 'default', origin: UI });
    expect([decoded.status, await decoded.json()]).toEqual([200, JSON.parse(body)]);
    expect(decoded.headers.get('access-control-allow-origin')).toBe(UI);
    expect(await (await post('/encode', '{"payloads": []}')).json()).toEqual({ payloads: [] });
  });

  test('answers the Web UI that asks beforehand, and no other page', async () => {
    await open();
    const asked = await fetch(`${server.url}/decode`, {
      method: 'OPTIONS',
      headers: { origin: UI, 'access-control-request-method': 'POST' },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(UI);
    expect(asked.headers.get('access-control-allow-headers')).toContain('x-namespace');
    const other = await post('/decode', body, { origin: 'http://evil.example' });
    expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  });

  test('with a token answers who has it, and nobody else', async () => {
    await open('open sesame');
    expect((await post('/encode', body)).status).toBe(401);
    expect((await post('/encode', body, { authorization: 'Bearer open' })).status).toBe(401);
    const good = await post('/encode', body, { authorization: 'Bearer open sesame' });
    expect(good.status).toBe(200);
  });

  test('says in a sentence what it cannot do', async () => {
    await open();
    const [foreign] = await codecOf('k2', { k2: K2 }).encode([payload()]);
    const strange = JSON.stringify({
      payloads: [
        {
          metadata: Object.fromEntries(
            Object.entries(foreign?.metadata ?? {}).map(([name, bytes]) => [
              name,
              Buffer.from(bytes).toString('base64'),
            ]),
          ),
          data: Buffer.from(foreign?.data ?? []).toString('base64'),
        },
      ],
    });
    const unknown = await post('/decode', strange);
    expect(unknown.status).toBe(400);
    expect(await unknown.text()).toContain('does not have');
    expect((await post('/decode', 'no JSON')).status).toBe(400);
    expect((await post('/decode', '{"payloads": 1}')).status).toBe(400);
    expect((await post('/other', body)).status).toBe(404);
    expect((await fetch(`${server.url}/decode`)).status).toBe(404);
  });
});
