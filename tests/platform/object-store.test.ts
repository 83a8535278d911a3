// Both kinds of object storage by one contract: S3 over its REST protocol, R2 over a bucket in memory.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ObjectStore, r2Store, s3Store } from '../../functions/platform/object-store.ts';
import type { LoopbackServer } from '../../infra/local/listen-loopback.ts';
import { startObjectStore } from '../../infra/local/object-store-server.ts';

const keys = { accessKey: 'AKLOCAL', secretKey: 'local/secret+key' };
const folder = mkdtempSync(join(tmpdir(), 'countersign-objects-'));
let server: LoopbackServer;
beforeAll(async () => {
  server = await startObjectStore({ port: 0, dataDir: folder, ...keys });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const s3 = (secretAccessKey = keys.secretKey): ObjectStore =>
  s3Store({
    ...{ bucket: 'charts', endpoint: server.url, region: 'eu-central-1', timeoutMs: 5_000 },
    credentials: { accessKeyId: keys.accessKey, secretAccessKey },
  });

/** As much of a bucket as is used. */
function bucket(): R2Bucket {
  const held = new Map<string, { bytes: Uint8Array<ArrayBuffer>; options: R2PutOptions }>();
  const own = {
    get: async (key: string) => {
      const found = held.get(key);
      if (found === undefined) return null;
      const { customMetadata } = found.options;
      return { arrayBuffer: async () => found.bytes.buffer, httpEtag: '"e"', customMetadata };
    },
    put: async (key: string, bytes: Uint8Array<ArrayBuffer>, options: R2PutOptions) =>
      void held.set(key, { bytes, options }),
    delete: async (keys: string[]) => {
      for (const key of keys) held.delete(key);
    },
  };
  return own as unknown as R2Bucket;
}

describe.each([
  ['S3', () => s3()],
  ['R2', () => r2Store(bucket())],
])('%s', (_name, open) => {
  const meta = { contentType: 'image/png', cacheControl: 'private', alt: 'EURUSD%20H1%2C%20%E2%80%93' };

  it('gives back what was stored, with its words, and nothing for what was not', async () => {
    const store = open();
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
    expect(await store.get('charts/a.png')).toBeNull();
    await store.put('charts/a.png', bytes, meta);
    expect(await store.get('charts/a.png')).toMatchObject({ body: bytes, alt: meta.alt });
    await store.put('charts/a.png', bytes.slice(0, 3), { ...meta, alt: '' });
    expect(await store.get('charts/a.png')).toMatchObject({ body: bytes.slice(0, 3), alt: '' });
  });

  it('deletes objects, and says nothing where there are none', async () => {
    const store = open();
    const gone = Array.from({ length: 12 }, (_, i) => `charts/b${i}.png`);
    for (const key of [...gone, 'charts/c.png']) await store.put(key, new Uint8Array(1), meta);
    await store.delete(gone);
    await store.delete([...gone.slice(0, 2), 'charts/none.png']);
    for (const key of gone) expect(await store.get(key)).toBeNull();
    expect(await store.get('charts/c.png')).not.toBeNull();
    await store.delete([]);
  });
});

it('a deletion that S3 refuses is an error, so that nobody takes the object for gone', async () => {
  await expect(s3('another-secret').delete(['charts/c.png'])).rejects.toThrow('object storage answered 403');
});
