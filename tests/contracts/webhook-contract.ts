// The Standard Webhooks lane (standardwebhooks.com, specification 1.0.0) of `POST /api/v1/signals`.
import { createHmac } from 'node:crypto';
import { expect } from 'vitest';
import type { Contract } from './contract-suite.ts';
import type { Ask } from './runtime.ts';
import { nowSeconds, SIGNALS, type Signer, signedAsk, withHeader, withoutHeader } from './signed-ask.ts';
import { unique } from './world.ts';

/** A webhook as any library of that standard sends one. */
export function webhookAsk(
  signer: Signer,
  body: string | Uint8Array,
  id: string,
  timestamp = String(nowSeconds()),
): Ask {
  const key = Buffer.from(signer.secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return {
    method: 'POST',
    target: SIGNALS,
    body,
    headers: {
      'content-type': 'application/json',
      'x-producer-id': signer.id,
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
  };
}

export function webhookContract({ test, ...w }: Contract): void {
  const bare = { instrument: 'EURUSD', side: 'buy', price: '1.1' };
  const messageId = () => `msg_${unique()}`;

  test('stores a webhook, its id standing for the external_id that the body lacks', async () => {
    const producer = await w.producer();
    const id = messageId();
    const stored = await w.json(w.rt.call(webhookAsk(producer, JSON.stringify(bare), id)), 201);
    expect(stored).toMatchObject({ external_id: id, trust: 'signed', status: 'new' });
    const external_id = unique();
    const named = JSON.stringify({ ...bare, external_id });
    expect((await w.json(w.rt.call(webhookAsk(producer, named, messageId())), 201)).external_id).toBe(
      external_id,
    );
  });

  test('answers a repeat with 200 and the first, so that its sender stops repeating', async () => {
    const producer = await w.producer();
    const [body, id] = [JSON.stringify(bare), messageId()];
    const ask = webhookAsk(producer, body, id);
    const first = await w.json(w.rt.call(ask), 201);
    expect(await w.json(w.rt.call(ask))).toEqual({ duplicate_of: 'replay', existing_id: first.id });
    const anew = webhookAsk(producer, body, id, String(nowSeconds() - 5));
    expect(await w.json(w.rt.call(anew))).toEqual({ duplicate_of: 'external_id', existing_id: first.id });
    expect(await w.count('SELECT count(*) FROM signals WHERE producer_id = $1', producer.id)).toBe(1);
  });

  test('refuses other content under a known id as a mismatch', async () => {
    const producer = await w.producer();
    const id = messageId();
    const first = await w.json(w.rt.call(webhookAsk(producer, JSON.stringify(bare), id)), 201);
    const other = webhookAsk(producer, JSON.stringify({ ...bare, price: '1.2' }), id);
    const said = await w.refusal(w.rt.call(other), 409, 'idempotency-mismatch');
    expect(said.existing_id).toBe(first.id);
  });

  test('takes one good signature among several, and passes over versions it does not know', async () => {
    const producer = await w.producer();
    const ask = webhookAsk(producer, JSON.stringify(bare), messageId());
    const good = ask.headers?.['webhook-signature'] ?? '';
    const several = `v1a,${'A'.repeat(86)}== v1,${'A'.repeat(43)}= ${good}`;
    await w.json(w.rt.call(withHeader(ask, 'webhook-signature', several)), 201);
  });

  test('gives every failure the one 401 of the native lane, and stores nothing', async () => {
    const producer = await w.producer();
    const another = await w.producer();
    const body = JSON.stringify(bare);
    const good = webhookAsk(producer, body, messageId());
    const at = (seconds: number) => webhookAsk(producer, body, messageId(), String(nowSeconds() + seconds));
    const wrong: Record<string, Ask> = {
      'no producer': withoutHeader(good, 'x-producer-id'),
      'no id': withoutHeader(good, 'webhook-id'),
      'no timestamp': withoutHeader(good, 'webhook-timestamp'),
      'no signature': withoutHeader(good, 'webhook-signature'),
      'id altered': withHeader(good, 'webhook-id', 'msg_other'),
      'id with a dot': webhookAsk(producer, body, 'msg.1'),
      'timestamp altered': withHeader(good, 'webhook-timestamp', String(nowSeconds() + 1)),
      'too old': at(-310),
      'too far ahead': at(310),
      'body altered': { ...good, body: `${body} ` },
      'another secret': webhookAsk({ ...another, id: producer.id }, body, messageId()),
      'only another version': withHeader(good, 'webhook-signature', `v2,${'A'.repeat(43)}=`),
      'a native signature beside it that is none': withHeader(good, 'x-signature', 'v1=AAAA'),
    };
    const native = await w.refusal(
      w.rt.call(withHeader(signedAsk(producer, body), 'x-nonce', '!')),
      401,
      'unauthorized',
    );
    const wordOf = ({ request_id, server_time, ...rest }: Record<string, unknown>) => rest;
    for (const [cause, ask] of Object.entries(wrong)) {
      const said = await w.refusal(w.rt.call(ask), 401, 'unauthorized');
      expect(wordOf(said), cause).toEqual(wordOf(native));
    }
    expect(await w.count('SELECT count(*) FROM signals WHERE producer_id = $1', producer.id)).toBe(0);
  });

  test('proves nothing on any other route', async () => {
    const producer = await w.producer();
    const ask = webhookAsk(producer, '{}', messageId());
    for (const target of ['/api/v1/approvals', '/api/v1/tokens'])
      await w.refusal(w.rt.call({ ...ask, target }), 401, 'unauthorized');
  });
}
