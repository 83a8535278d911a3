import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ingestSignal } from '../../functions/signals/ingest-store.ts';
import { type MadeProducer, makeProducer, makeUser, newSignal, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let stage: Stage;
let t: TestDatabase;
let producer: MadeProducer;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
beforeEach(async () => {
  producer = await makeProducer(stage, await makeUser(stage));
});
afterAll(() => t?.drop());

const ingest = (...args: [Parameters<typeof newSignal>[2]?, Parameters<typeof newSignal>[3]?]) =>
  ingestSignal(t.db, newSignal(stage, producer.id, ...args));
const nowMs = () => stage.deps.clock.nowMs();

/** Rows that stand for the producer's signals, by table. */
async function rowsOfProducer(): Promise<Record<string, number>> {
  const [counts] = await t.sql(
    `SELECT (SELECT count(*)::int FROM signals WHERE producer_id = $1) AS signals,
       (SELECT count(*)::int FROM deliveries d JOIN signals s ON s.id = d.signal_id WHERE s.producer_id = $1) AS deliveries,
       (SELECT count(*)::int FROM audit_log WHERE actor_id = $1) AS audit,
       (SELECT count(*)::int FROM outbox o JOIN signals s ON s.id::text = o.payload->>'signal_id'
          WHERE s.producer_id = $1) AS events`,
    [producer.id],
  );
  return counts as Record<string, number>;
}
const ONE = { signals: 1, deliveries: 1, audit: 1, events: 1 };

describe('a signal that is new', () => {
  it('stands with the owner’s delivery, its audit row and its event, every field as sent', async () => {
    const signal = newSignal(stage, producer.id, {
      side: 'sell',
      intent: 'close',
      order_type: 'limit',
      price: '999999.99999999',
      stop_loss: '2040.5',
      take_profit: '1',
      max_slippage_points: 12,
      orderExpiresMs: nowMs() + 60_000,
      timeMs: nowMs() - 5_000,
      timeGiven: true,
      version: '2.b',
      external_id: 'ticket "1", é',
      strategy: 'fib',
      timeframe: 'M5',
      payload: { nested: { list: [1, 'two', null] } },
    });
    expect(await ingestSignal(t.db, signal)).toEqual({
      kind: 'created',
      userId: producer.ownerId,
      stale: false,
    });
    const [row] = await t.sql('SELECT * FROM signals WHERE id = $1', [signal.id]);
    expect(row).toMatchObject({
      user_id: producer.ownerId,
      producer_id: producer.id,
      dedup_scope: producer.id,
      dedup_window_ms: 300_000,
      instrument: 'XAUUSD',
      side: 1,
      intent: 'close',
      order_type: 'limit',
      price: '999999.99999999',
      stop_loss: '2040.50000000',
      take_profit: '1.00000000',
      max_slippage_points: 12,
      order_expires_at: new Date(nowMs() + 60_000),
      time: new Date(nowMs() - 5_000),
      time_given: true,
      version: '2.b',
      external_id: 'ticket "1", é',
      strategy: 'fib',
      timeframe: 'M5',
      payload: { nested: { list: [1, 'two', null] } },
      trust: 'signed',
      stale: false,
      status: 0,
    });
    expect(await rowsOfProducer()).toEqual(ONE);
    expect(await t.sql('SELECT * FROM audit_log WHERE id = $1', [signal.auditId])).toMatchObject([
      { actor_kind: 'producer', action: 'signal.create', subject_id: signal.id, request_id: 'test' },
    ]);
    expect(
      await t.sql('SELECT topic, attempts, done_at FROM outbox WHERE id = $1', [signal.eventId]),
    ).toEqual([{ topic: 'signal.created', attempts: 0, done_at: null }]);
  });

  it('is stale from one millisecond past the producer’s max_age, and stored all the same', async () => {
    const at = (ageMs: number) => ingest({ timeMs: nowMs() - ageMs, timeGiven: true });
    expect(await at(900_000)).toMatchObject({ kind: 'created', stale: false });
    expect(await at(900_001)).toMatchObject({ kind: 'created', stale: true });
  });
});

describe('a signal that stands already', () => {
  it('is a replay where the same signed request was seen, before anything else is looked at', async () => {
    const first = newSignal(stage, producer.id, { external_id: 'a' });
    await ingestSignal(t.db, first);
    const again = newSignal(
      stage,
      producer.id,
      { external_id: 'a', price: '1' },
      { mac: first.mac, contentSha256: 'x' },
    );
    const replay = { kind: 'duplicate', of: 'replay', existingId: first.id };
    expect(await ingestSignal(t.db, again)).toEqual(replay);
    // The MAC alone is enough: nothing else of this one stands in the way of the first.
    const apart = newSignal(stage, producer.id, { external_id: 'b', side: 'sell' }, { mac: first.mac });
    expect(await ingestSignal(t.db, apart)).toEqual(replay);
    expect(await rowsOfProducer()).toEqual(ONE);
  });

  it('is known by its external_id for ever, and a mismatch where its content differs', async () => {
    const first = newSignal(stage, producer.id, { external_id: 'a' });
    await ingestSignal(t.db, first);
    stage.deps.clock.advance(400 * 86_400_000);
    const same = { external_id: 'a', instrument: 'EURUSD', side: 'sell' as const };
    expect(await ingest(same)).toEqual({ kind: 'duplicate', of: 'external_id', existingId: first.id });
    expect(await ingest(same, { contentSha256: 'other' })).toEqual({
      kind: 'mismatch',
      existingId: first.id,
    });
    expect(await rowsOfProducer()).toEqual(ONE);
  });

  it('is of the same window with the same explicit time, however far apart they come, also with an external_id', async () => {
    const time = { timeMs: nowMs() - 1_000, timeGiven: true };
    const first = newSignal(stage, producer.id, time);
    await ingestSignal(t.db, first);
    stage.deps.clock.advance(86_400_000);
    expect(await ingest(time)).toEqual({ kind: 'duplicate', of: 'window', existingId: first.id });
    expect(await ingest({ ...time, external_id: 'b' })).toMatchObject({ kind: 'duplicate', of: 'window' });
    expect(await ingest({ ...time, side: 'sell' })).toMatchObject({ kind: 'created' });
    expect(await ingest({ ...time, version: '2' })).toMatchObject({ kind: 'created' });
    expect(await ingest({ ...time, instrument: 'EURUSD' })).toMatchObject({ kind: 'created' });
    expect(await ingest({ ...time, timeMs: time.timeMs + 1 })).toMatchObject({ kind: 'created' });
  });

  it('is of the same window without a time until one millisecond before its end', async () => {
    const first = newSignal(stage, producer.id);
    await ingestSignal(t.db, first);
    stage.deps.clock.advance(299_999);
    expect(await ingest()).toEqual({ kind: 'duplicate', of: 'window', existingId: first.id });
    expect(await ingest({ external_id: 'named' })).toMatchObject({ kind: 'created' });
    stage.deps.clock.advance(1);
    expect(await ingest()).toMatchObject({ kind: 'created' });
  });

  it('keeps the window that it was stored with, though the producer’s was made shorter since', async () => {
    const first = newSignal(stage, producer.id);
    await ingestSignal(t.db, first);
    await t.sql('UPDATE producers SET dedup_window_seconds = 10 WHERE id = $1', [producer.id]);
    stage.deps.clock.advance(200_000);
    expect(await ingest()).toMatchObject({ kind: 'duplicate', of: 'window', existingId: first.id });
  });

  it('is found by the other producer of a shared scope, and by no other', async () => {
    const standby = await makeProducer(stage, producer.ownerId, { dedupScope: producer.id });
    const stranger = await makeProducer(stage, producer.ownerId);
    const first = newSignal(stage, producer.id, { external_id: 'bar-1' });
    await ingestSignal(t.db, first);
    const as = (id: string) => ingestSignal(t.db, newSignal(stage, id, { external_id: 'bar-1' }));
    expect(await as(standby.id)).toEqual({ kind: 'duplicate', of: 'external_id', existingId: first.id });
    expect(await as(stranger.id)).toMatchObject({ kind: 'created' });
  });
});

describe('a signal that may not be stored', () => {
  it('is revoked at once with its producer, with its secret version, and at that version’s end to the millisecond', async () => {
    const ends = (at: string) =>
      t.sql(`UPDATE producer_secrets SET expires_at = $2 WHERE producer_id = $1`, [producer.id, at]);
    expect(await ingest({}, { secretVersion: 2 })).toEqual({ kind: 'revoked' });
    await ends(new Date(nowMs()).toISOString());
    expect(await ingest()).toEqual({ kind: 'revoked' });
    await ends(new Date(nowMs() + 1).toISOString());
    expect(await ingest()).toMatchObject({ kind: 'created' });
    await t.sql('UPDATE producers SET revoked_at = now() WHERE id = $1', [producer.id]);
    expect(await ingest({ external_id: 'z' })).toEqual({ kind: 'revoked' });
    expect(await ingest({}, { producerId: stage.deps.ids.next() })).toEqual({ kind: 'revoked' });
    expect(await rowsOfProducer()).toEqual(ONE);
  });

  it('names the instrument where it is disabled, unknown, or not the producer’s', async () => {
    await t.sql(
      `INSERT INTO instruments VALUES ('OFF', 2, false, now()), ('FOREIGN', 2, true, now()) ON CONFLICT DO NOTHING`,
    );
    await t.sql(`UPDATE producers SET instruments = '{XAUUSD,OFF,UNKNOWN}' WHERE id = $1`, [producer.id]);
    for (const instrument of ['OFF', 'UNKNOWN', 'FOREIGN'])
      expect(await ingest({ instrument })).toEqual({ kind: 'instrument' });
    expect(await rowsOfProducer()).toEqual({ signals: 0, deliveries: 0, audit: 0, events: 0 });
  });

  it('leaves nothing where the database refuses it, and what it refused is thrown', async () => {
    await expect(ingest({ price: '1000000' })).rejects.toThrow();
    await expect(ingest({ payload: { nul: '\u0000' } })).rejects.toThrow();
    expect(await rowsOfProducer()).toEqual({ signals: 0, deliveries: 0, audit: 0, events: 0 });
  });
});

describe('equal signals at once', () => {
  const MANY = 120;
  const kinds = [
    { of: 'replay', body: {}, row: { mac: 'one-mac' }, named: true },
    { of: 'external_id', body: { external_id: 'same' }, row: {} },
    { of: 'window', body: { timeMs: 1_772_000_000_000, timeGiven: true }, row: {} },
    { of: 'window', body: {}, row: {} },
    { of: 'window', body: { strategy: 'received a millisecond apart each' }, row: {}, apartMs: 1 },
  ] as {
    of: string;
    body: Parameters<typeof newSignal>[2];
    row: { mac?: string };
    apartMs?: number;
    named?: boolean;
  }[];

  it.each(kinds)(
    `of $of ($body): of ${MANY} one is created and all others name it`,
    async ({ of, body, row, apartMs = 0, named = false }) => {
      const mac = row.mac === undefined ? {} : { mac: `${row.mac}-${producer.id}` };
      const signals = Array.from({ length: MANY }, (_, i) =>
        newSignal(stage, producer.id, named ? { ...body, external_id: `n${i}` } : body, {
          ...mac,
          receivedMs: nowMs() + i * apartMs,
        }),
      );
      const ends = await Promise.all(signals.map((s) => ingestSignal(t.db, s)));
      const winners = signals.filter((_, i) => ends[i]?.kind === 'created');
      expect(winners.length).toBe(1);
      const others = ends.filter((e) => e.kind !== 'created');
      expect(others).toEqual(
        Array.from({ length: MANY - 1 }, () => ({ kind: 'duplicate', of, existingId: winners[0]?.id })),
      );
      expect(await rowsOfProducer()).toEqual(ONE);
    },
  );

  it('but for different signals: every one is created', async () => {
    const ends = await Promise.all(Array.from({ length: MANY }, (_, i) => ingest({ external_id: `n${i}` })));
    expect(new Set(ends.map((e) => e.kind))).toEqual(new Set(['created']));
    expect((await rowsOfProducer())['signals']).toBe(MANY);
  });

  it('are each created whose winner rolls back: the loser that waited for it stands in its place', async () => {
    const rival = await t.connect('owner');
    const first = newSignal(stage, producer.id, { external_id: 'contested' });
    await ingestSignal(t.db, first);
    // The winner as a transaction that is still open: the same row, moved aside and not yet committed.
    await rival.query('BEGIN');
    await rival.query(
      `INSERT INTO signals SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'mac', 'rival-' || s.id,
         'external_id', 'rival', 'received_at', s.received_at))).* FROM signals s WHERE id = $1`,
      [first.id],
    );
    const loser = ingest({ external_id: 'rival' });
    await untilBlocked(t);
    await rival.query('ROLLBACK');
    expect(await loser).toMatchObject({ kind: 'created' });
  });

  it('name the winner that a loser waited for and that its own statement could not see', async () => {
    const rival = await t.connect('owner');
    const first = newSignal(stage, producer.id, { external_id: 'seen' });
    await ingestSignal(t.db, first);
    await rival.query('BEGIN');
    const { rows } = await rival.query<{ id: string }>(
      `INSERT INTO signals SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'mac', 'unseen-' || s.id,
         'external_id', 'unseen'))).* FROM signals s WHERE id = $1 RETURNING id`,
      [first.id],
    );
    const loser = ingest({ external_id: 'unseen' });
    await untilBlocked(t);
    await rival.query('COMMIT');
    expect(await loser).toEqual({ kind: 'duplicate', of: 'external_id', existingId: rows[0]?.id });
  });
});
