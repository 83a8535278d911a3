// What counts as the same signal, and what the second one is told.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { type Signer, signedAsk } from './signed-ask.ts';
import { unique } from './world.ts';

export function duplicatesContract({ test, ...w }: Contract): void {
  const bare = { instrument: 'EURUSD', side: 'buy', price: '1.1' };
  const rows = (producer: Signer) =>
    w.count('SELECT count(*) FROM signals WHERE producer_id = $1', producer.id);
  const duplicate = async (answer: Promise<Response>, of: string, first: Json): Promise<void> => {
    const said = await w.refusal(answer, 409, 'duplicate-signal');
    expect(said).toMatchObject({ duplicate_of: of, existing_id: first.id });
  };

  test('knows the same signed request again as a replay, whatever else it would be', async () => {
    const producer = await w.producer();
    for (const body of [w.signal(), bare]) {
      const ask = signedAsk(producer, JSON.stringify(body));
      const first = await w.json(w.rt.call(ask), 201);
      await duplicate(w.rt.call(ask), 'replay', first);
      await duplicate(w.rt.call(ask), 'replay', first);
    }
    expect(await rows(producer)).toBe(2);
  });

  test('knows an external_id again when it is signed anew', async () => {
    const producer = await w.producer();
    const body = w.signal();
    const first = await w.json(w.send(producer, body), 201);
    await duplicate(w.send(producer, body), 'external_id', first);
    expect(await rows(producer)).toBe(1);
  });

  test('takes content for the same whatever its key order, white space and number form', async () => {
    const producer = await w.producer();
    const external_id = unique();
    const first = await w.json(w.send(producer, w.signal({ external_id, price: '1.10' })), 201);
    const texts = [
      `{"external_id":"${external_id}","price":1.1,"side":"buy","instrument":"EURUSD"}`,
      ` {\n"instrument":"EURUSD" ,"side" : "buy","price":"1.1000","external_id":"${external_id}" }`,
      `{"instrument":"EURUSD","side":"buy","price":1.10,"version":"1","intent":"open","external_id":"${external_id}"}`,
    ];
    for (const text of texts) await duplicate(w.send(producer, text), 'external_id', first);
  });

  test('refuses other content under a known external_id as a mismatch, naming the first', async () => {
    const producer = await w.producer();
    const body = w.signal();
    const first = await w.json(w.send(producer, body), 201);
    const others = [{ price: '1.2' }, { side: 'sell' }, { payload: {} }, { time: new Date().toISOString() }];
    for (const other of others) {
      const answer = w.send(producer, { ...body, ...other });
      const said = await w.refusal(answer, 409, 'idempotency-mismatch');
      expect(said.existing_id).toBe(first.id);
    }
    expect(await rows(producer)).toBe(1);
  });

  test('judges mismatch before external_id before window', async () => {
    const producer = await w.producer();
    const time = new Date().toISOString();
    const first = await w.sent(producer, { time });
    const again = { ...bare, time, external_id: first.external_id };
    await duplicate(w.send(producer, again), 'external_id', first);
    const mismatch = await w.refusal(
      w.send(producer, { ...again, price: '1.2' }),
      409,
      'idempotency-mismatch',
    );
    expect(mismatch.existing_id).toBe(first.id);
    await duplicate(w.send(producer, { ...again, external_id: unique() }), 'window', first);
  });

  test('judges two bodies without time and external_id by the window', async () => {
    const producer = await w.producer();
    const first = await w.json(w.send(producer, bare), 201);
    await duplicate(w.send(producer, bare), 'window', first);
    await duplicate(w.send(producer, { ...bare, price: '1.2', strategy: 'other' }), 'window', first);
    expect(await rows(producer)).toBe(1);
  });

  test('judges two bodies of the same explicit time by that time, in any spelling', async () => {
    const producer = await w.producer();
    const second = Math.floor(Date.now() / 1000) * 1000;
    const iso = new Date(second).toISOString();
    const first = await w.json(w.send(producer, { ...bare, time: iso }), 201);
    await duplicate(w.send(producer, { ...bare, time: iso.replace('.000Z', '+00:00') }), 'window', first);
    const earlier = new Date(second - 1000).toISOString();
    await w.json(w.send(producer, { ...bare, time: earlier }), 201);
  });

  test('does not judge a body with external_id and no time by the window', async () => {
    const producer = await w.producer();
    await w.json(w.send(producer, bare), 201);
    await w.sent(producer);
    await w.sent(producer);
    expect(await rows(producer)).toBe(3);
  });

  test('sees no duplicate where instrument, side, version or the way of timing differs', async () => {
    const producer = await w.producer();
    await w.json(w.send(producer, bare), 201);
    const others = [
      { instrument: 'GBPUSD' },
      { side: 'sell' },
      { version: '2' },
      { time: new Date().toISOString() },
    ];
    for (const other of others) await w.json(w.send(producer, { ...bare, ...other }), 201);
    expect(await rows(producer)).toBe(5);
  });

  test('keeps the scopes of two producers apart', async () => {
    const [one, two] = [await w.producer(), await w.producer()];
    const body = w.signal();
    const ids = [await w.json(w.send(one, body), 201), await w.json(w.send(two, body), 201)].map((s) => s.id);
    expect(new Set(ids).size).toBe(2);
    await w.json(w.send(one, bare), 201);
    await w.json(w.send(two, bare), 201);
  });

  test('keeps one audit row and one event, however often a duplicate is refused', async () => {
    const producer = await w.producer();
    const body = w.signal();
    const { id } = await w.json(w.send(producer, body), 201);
    for (let i = 0; i < 5; i += 1) await w.refusal(w.send(producer, body), 409, 'duplicate-signal');
    expect(await w.count('SELECT count(*) FROM audit_log WHERE subject_id = $1', id)).toBe(1);
    expect(await w.count("SELECT count(*) FROM outbox WHERE payload->>'signal_id' = $1", id)).toBe(1);
  });
}
