// Many signals under one signature: each stands alone, all are told apart, and the same batch is answered the same.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { CONNECTIONS } from './http-call.ts';
import type { Ask } from './runtime.ts';
import { SIGNALS, type Signer, signedAsk } from './signed-ask.ts';
import { inLanes, unique, until } from './world.ts';

const TARGET = `${SIGNALS}/batch`;

export function batchContract({ test, ...w }: Contract): void {
  const ask = (from: Signer, body: unknown): Ask =>
    signedAsk(from, typeof body === 'string' ? body : JSON.stringify(body), { target: TARGET });
  const send = (from: Signer, body: unknown) => w.rt.call(ask(from, body));
  const items = async (answer: Promise<Response>): Promise<Json[]> => (await w.json(answer, 207)).items;
  const stored = (id: string) => w.count('SELECT count(*) FROM signals WHERE producer_id = $1', id);

  test('answers 207 in request order: what stands alone is stored, what is wrong says why', async () => {
    const producer = await w.producer();
    const known = await w.sent(producer);
    const sound = w.signal();
    const signals = [
      sound,
      w.signal({ external_id: known.external_id }),
      w.signal({ external_id: known.external_id, price: '1.2' }),
      { instrument: 'EURUSD', side: 'hold' },
      w.signal({ instrument: 'NOTHERE' }),
      w.signal({ payload: { pad: 'x'.repeat(33_000) } }),
      w.signal({ schema: 2 }),
      { instrument: 'GBPUSD', side: 'buy', price: '1.3' },
      { instrument: 'GBPUSD', side: 'buy', price: '1.4' },
      17,
    ];
    const told = await items(send(producer, { signals }));
    expect(told.map((i) => i.index)).toEqual(signals.map((_, i) => i));
    expect(told.map((i) => i.status)).toEqual([201, 409, 409, 422, 422, 413, 422, 201, 409, 422]);
    const slug = (i: number) => told[i]?.problem.type.replace('urn:countersign:problem:', '');
    expect([1, 2, 5, 8].map(slug)).toEqual([
      'duplicate-signal',
      'idempotency-mismatch',
      'payload-too-large',
      'duplicate-signal',
    ]);
    expect(told[1]?.problem).toMatchObject({ existing_id: known.id, duplicate_of: 'external_id' });
    expect(told[8]?.problem).toMatchObject({ existing_id: told[7]?.id, duplicate_of: 'window' });
    expect(told[3]?.problem.errors.map((e: Json) => e.pointer)).toEqual(['/side', '/price']);
    expect(told[6]?.problem.supported).toEqual([1]);
    expect(await stored(producer.id)).toBe(3);
    const shown = await w.json(w.as(producer.owner.token, 'GET', `${SIGNALS}/${told[0]?.id}`));
    expect(shown).toMatchObject({ external_id: sound['external_id'], trust: 'signed', status: 'new' });
    await until('the events are done', async () => {
      const open = await w.count(
        `SELECT count(*) FROM outbox o JOIN signals s ON s.id::text = o.payload->>'signal_id'
         WHERE s.producer_id = $1 AND o.done_at IS NULL`,
        producer.id,
      );
      return open === 0;
    });
    const kept = await until('what was refused is kept', async () => {
      const list = await w.json(w.as(producer.owner.token, 'GET', `${SIGNALS}/refused`));
      return list.items.length >= 6 && list.items;
    });
    expect(kept.map((r: Json) => `${r.lane} ${r.reason}`).sort()).toEqual([
      'batch idempotency-mismatch',
      ...Array(4).fill('batch invalid-body'),
      'batch payload-too-large',
    ]);
  });

  test('answers the very same batch the same, one after another and 40 at once', async () => {
    const producer = await w.producer();
    const twice = ask(producer, { signals: [w.signal(), { side: 'buy' }, w.signal()] });
    const first = await items(w.rt.call(twice));
    expect(await items(w.rt.call(twice))).toEqual(first);
    const shared = unique();
    const many = ask(producer, {
      signals: [w.signal(), w.signal({ external_id: shared }), w.signal({ external_id: shared })],
    });
    const answers = await inLanes(40, CONNECTIONS, () => items(w.rt.call(many)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.map((i) => i.status)).toEqual([201, 201, 409]);
    expect(await stored(producer.id)).toBe(4);
  });

  test('takes the same body under another signature again safely: every item names its signal', async () => {
    const producer = await w.producer();
    const body = { signals: [w.signal(), w.signal()] };
    const first = await items(send(producer, body));
    const again = await items(send(producer, body));
    expect(again.map((i) => i.problem.existing_id)).toEqual(first.map((i) => i.id));
  });

  test('stores each of 50 keys once from batches in opposite orders at once, and every loser names it', async () => {
    const producer = await w.producer();
    for (let round = 0; round < 4; round += 1) {
      const signals = Array.from({ length: 50 }, () => w.signal());
      const backwards = [...signals].reverse();
      const asks = [signals, backwards, signals, backwards].map((s) => ask(producer, { signals: s }));
      const answers = await Promise.all(asks.map((a) => items(w.rt.call(a))));
      for (const [i] of signals.entries()) {
        const mine = answers.map((told, a) => told[a % 2 === 0 ? i : 49 - i]);
        const [winner, ...more] = mine.filter((m) => m?.status === 201);
        expect(more).toEqual([]);
        const named = mine.filter((m) => m?.status !== 201).map((m) => m?.problem.existing_id);
        expect(named).toEqual(Array(3).fill(winner?.id));
      }
    }
    expect(await stored(producer.id)).toBe(200);
  });

  test('takes 100 signals of up to 1 MiB; one more of either is refused as a whole', async () => {
    const producer = await w.producer();
    const hundred = Array.from({ length: 100 }, () => w.signal());
    expect((await items(send(producer, { signals: hundred }))).map((i) => i.status)).toEqual(
      Array(100).fill(201),
    );
    await w.refusal(send(producer, { signals: [...hundred, w.signal()] }), 422, 'invalid-body');
    const padded = (length: number) => `{"signals":[${JSON.stringify(w.signal())}]}`.padEnd(length, ' ');
    expect(await items(send(producer, padded(1_048_576)))).toHaveLength(1);
    await w.refusal(send(producer, padded(1_048_577)), 413, 'payload-too-large');
    expect(await stored(producer.id)).toBe(101);
  });

  test('refuses as a whole what is no batch, and proves its sender like any signed request', async () => {
    const producer = await w.producer();
    for (const text of ['', '{', '{"signals":[1}', '{"signals":[{"a":01}]}'])
      await w.refusal(send(producer, text), 400, 'invalid-json');
    for (const body of [[], {}, { signals: [] }, { signals: {} }, { signals: [w.signal()], more: 1 }])
      await w.refusal(send(producer, body), 422, 'invalid-body');
    const good = ask(producer, { signals: [w.signal()] });
    const asText = { ...good, headers: { ...good.headers, 'content-type': 'text/plain' } };
    await w.refusal(w.rt.call(asText), 415, 'unsupported-media-type');
    await w.refusal(w.rt.call({ ...good, body: `${good.body} ` }), 401, 'unauthorized');
    const elsewhere = signedAsk(producer, JSON.stringify({ signals: [w.signal()] }));
    await w.refusal(w.rt.call({ ...elsewhere, target: TARGET }), 401, 'unauthorized');
    expect(await stored(producer.id)).toBe(0);
  });

  test('charges every item: a batch beyond the rate is a 429 that leaves no row', async () => {
    const producer = await w.producer({ rate_per_minute: 5 });
    const limit = 5 * w.rt.rateScale;
    const batch = (count: number) => ({ signals: Array.from({ length: count }, () => w.signal()) });
    await items(send(producer, batch(limit - 10)));
    const answer = await send(producer, batch(20));
    expect(answer.headers.get('ratelimit-limit')).toBe(String(limit));
    await w.refusal(answer, 429, 'rate-limited');
    expect(await stored(producer.id)).toBe(limit - 10);
  });
}
