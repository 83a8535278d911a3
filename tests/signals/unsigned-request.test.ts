import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../functions/app.ts';
import { sha256Hex } from '../../functions/platform/digest.ts';
import { requestLines } from '../../functions/platform/native-signature.ts';
import { takeUnsigned } from '../../functions/signals/unsigned-request.ts';
import { type MadeProducer, makeProducer, makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let producer: MadeProducer;
beforeAll(async () => {
  t = await createTestDatabase();
  deps = testDeps(t);
  producer = await makeProducer({ t, deps }, await makeUser({ t, deps }, 'owner'));
});
afterAll(() => t.drop());

const app = createApp();
let bodies = 0;
const body = () => {
  bodies += 1;
  return JSON.stringify({ instrument: 'XAUUSD', side: 'buy', price: '2035.1', external_id: `u${bodies}` });
};
async function post(enabled: boolean, headers: Record<string, string>, text = body()): Promise<Response> {
  const door = {
    deps: { ...deps, config: { ...deps.config, SIGNALS_HMAC_ENABLED: enabled } },
    requestId: deps.ids.next(),
    address: '192.0.2.1',
  };
  const request = new Request('http://127.0.0.1:8787/api/v1/signals', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: text,
  });
  return app.fetch(request, { door });
}
const named = () => ({ 'x-producer-id': producer.id });

async function signature(text: string): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(deps.clock.nowMs() / 1000));
  const lines = requestLines({
    ...{ method: 'POST', target: '/api/v1/signals', timestamp, nonce: '', senderId: producer.id },
    bodySha256: await sha256Hex(text),
  });
  const mac = createHmac('sha256', producer.secret).update(lines).digest('base64');
  return { ...named(), 'x-timestamp': timestamp, 'x-signature': `v1=${mac}` };
}

describe('with signatures switched off', () => {
  it('the producer’s id alone is taken, and a repetition is judged by its external_id', async () => {
    const text = body();
    const stored = await post(false, named(), text);
    expect(stored.status).toBe(201);
    const again = await post(false, named(), text);
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ duplicate_of: 'external_id' });
  });

  it('a signature that is there must still be right', async () => {
    const text = body();
    const good = await signature(text);
    expect((await post(false, good, text)).status).toBe(201);
    expect((await post(false, good, `${text} `)).status).toBe(401);
    const webhook = {
      ...named(),
      'webhook-id': 'a',
      'webhook-timestamp': String(Math.floor(deps.clock.nowMs() / 1000)),
      'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
    };
    expect((await post(false, webhook)).status).toBe(401);
  });

  it('nobody is taken who is no live producer', async () => {
    expect((await post(false, {})).status).toBe(401);
    expect((await post(false, { 'x-producer-id': 'x' })).status).toBe(401);
    expect((await post(false, { 'x-producer-id': deps.ids.next() })).status).toBe(401);
    const gone = await makeProducer({ t, deps }, producer.ownerId);
    expect((await post(false, { 'x-producer-id': gone.id })).status).toBe(201);
    await t.sql('UPDATE producers SET revoked_at = now() WHERE id = $1', [gone.id]);
    // Its keys are cached: the statement that stores refuses it.
    expect((await post(false, { 'x-producer-id': gone.id })).status).toBe(401);
  });
});

describe('with signatures asked for', () => {
  it('the producer’s id alone is the one 401', async () => {
    expect((await post(true, named())).status).toBe(401);
    const text = body();
    expect((await post(true, await signature(text), text)).status).toBe(201);
  });
});

describe('the rule', () => {
  it('marks each request apart and takes the newest live secret’s version', async () => {
    const header = (name: string) => (name === 'x-producer-id' ? producer.id : undefined);
    const request = { method: 'POST', target: '/', header, body: new Uint8Array(), nowMs: 0 };
    const key = await crypto.subtle.importKey(
      'raw',
      producer.secret,
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign'],
    );
    const keys = async () => [
      { version: 7, key },
      { version: 6, key },
    ];
    expect(await takeUnsigned('one')(request, keys)).toEqual({
      ok: true,
      producerId: producer.id,
      secretVersion: 7,
      mac: 'unsigned:one',
    });
    expect(await takeUnsigned('one')(request, async () => [])).toEqual({ ok: false, cause: 'producer' });
    expect(await takeUnsigned('one')(request, async () => null)).toEqual({ ok: false, cause: 'producer' });
  });
});
