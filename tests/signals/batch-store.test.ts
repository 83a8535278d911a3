import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BatchRow, ingestBatch, type NewBatch } from '../../functions/signals/batch-store.ts';
import { ingestSignal, type Sender } from '../../functions/signals/ingest-store.ts';
import { pruneIntake } from '../../functions/signals/prune-intake.ts';
import type { SignalBody } from '../../functions/signals/signal-body.ts';
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

let macs = 0;
function batchOf(
  bodies: Partial<SignalBody>[],
  given: Partial<NewBatch> = {},
  producerId = producer.id,
): NewBatch {
  macs += 1;
  const mac = given.mac ?? `batch-${producerId}-${macs}`;
  const rows = bodies.map((body, index): BatchRow => {
    const { id, auditId, eventId, contentSha256, body: whole } = newSignal(stage, producerId, body);
    return { id, auditId, eventId, contentSha256, body: whole, mac: `${mac}#${index}`, index };
  });
  return { id: stage.deps.ids.next(), refused: [], rows, ...given, mac };
}
const senderOf = (producerId = producer.id): Sender => ({
  ...{ producerId, secretVersion: 1 },
  ...{ receivedMs: stage.deps.clock.nowMs(), requestId: 'test' },
});
const ingest = (batch: NewBatch) => ingestBatch(t.db, senderOf(), batch);
const ended = async (batch: NewBatch) => {
  const outcome = await ingest(batch);
  if (outcome.kind !== 'batch') throw new Error(outcome.kind);
  return outcome;
};
const counts = () =>
  t.sql(
    `SELECT count(*)::int AS signals, count(DISTINCT d.signal_id)::int AS deliveries, count(DISTINCT a.id)::int AS audit,
       count(DISTINCT o.id)::int AS events FROM signals s JOIN deliveries d ON d.signal_id = s.id
     JOIN audit_log a ON a.subject_id = s.id::text JOIN outbox o ON o.payload->>'signal_id' = s.id::text
     WHERE s.producer_id = $1`,
    [producer.id],
  );
const all = (n: number) => [{ signals: n, deliveries: n, audit: n, events: n }];
const named = (...ids: string[]) => ids.map((external_id) => ({ external_id }));

describe('a batch', () => {
  it('is stored in one transaction, each item standing alone and told apart in request order', async () => {
    await ingestSignal(t.db, newSignal(stage, producer.id, { external_id: 'known' }));
    await ingestSignal(
      t.db,
      newSignal(stage, producer.id, { external_id: 'other' }, { contentSha256: 'another' }),
    );
    const batch = batchOf([
      { external_id: 'a' },
      { external_id: 'known' },
      { external_id: 'other' },
      { external_id: 'a' },
      { instrument: 'GBPUSD', external_id: 'b' },
      { side: 'sell' },
      { side: 'sell' },
    ]);
    const { items } = await ended(batch);
    const id = (i: number) => batch.rows[i]?.id;
    expect(items.map((i) => [i.index, i.outcome])).toEqual([
      [0, { kind: 'stored' }],
      [1, { kind: 'duplicate', of: 'external_id', existingId: expect.any(String) }],
      [2, { kind: 'mismatch', existingId: expect.any(String) }],
      [3, { kind: 'duplicate', of: 'external_id', existingId: id(0) }],
      [4, { kind: 'instrument' }],
      [5, { kind: 'stored' }],
      [6, { kind: 'duplicate', of: 'window', existingId: id(5) }],
    ]);
    expect(await counts()).toEqual(all(4));
  });

  it('that comes again is told what it was told, though its items are judged otherwise by then', async () => {
    const problem = { slug: 'invalid-body' as const, extra: { errors: [] } };
    const first = batchOf(named('a', 'b', 'c'), { refused: [{ index: 3, problem }] });
    const told = await ended(first);
    stage.deps.clock.advance(60_000);
    const again = batchOf(named('x'), { mac: first.mac });
    expect(await ended(again)).toEqual(told);
    expect(told).toMatchObject({ id: first.id, refused: [{ index: 3, problem }], requestId: 'test' });
    expect(await counts()).toEqual(all(3));
  });

  it('of no sound item is kept like any other', async () => {
    const refused = [{ index: 0, problem: { slug: 'invalid-body' as const, extra: {} } }];
    const told = await ended(batchOf([], { refused }));
    expect(told).toMatchObject({ items: [], refused });
  });

  it('leaves nothing where its producer or its secret is revoked', async () => {
    const batch = batchOf(named('a'));
    expect(await ingestBatch(t.db, { ...senderOf(), secretVersion: 2 }, batch)).toEqual({ kind: 'revoked' });
    await t.sql('UPDATE producers SET revoked_at = now() WHERE id = $1', [producer.id]);
    expect(await ingest(batch)).toEqual({ kind: 'revoked' });
    expect(await t.sql('SELECT id FROM signal_batches WHERE producer_id = $1', [producer.id])).toEqual([]);
    expect(await counts()).toEqual(all(0));
  });

  it('is forgotten after a day, with refusals past 30 days or beyond 10,000 of a producer', async () => {
    const young = batchOf(named('young'));
    await ingest(batchOf(named('old')));
    const insert = (count: number, ageMs: number) =>
      t.sql(
        `INSERT INTO refusals SELECT gen_random_uuid(), $1, 'native', 'invalid-body', '[]', n::text, 'r', $2
         FROM generate_series(1, $3::int) n`,
        [producer.id, new Date(stage.deps.clock.nowMs() - ageMs).toISOString(), count],
      );
    stage.deps.clock.advance(86_400_001);
    await ingest(young);
    await insert(9_999, 0);
    await insert(1, 10_000);
    await insert(5, 20_000);
    await insert(7, 30 * 86_400_000 + 1);
    await pruneIntake(stage.deps);
    const left = await t.sql('SELECT mac FROM signal_batches WHERE producer_id = $1', [producer.id]);
    expect(left).toEqual([{ mac: young.mac }]);
    const kept = await t.sql(
      `SELECT count(*)::int AS n, min(created_at) AS oldest FROM refusals WHERE producer_id = $1`,
      [producer.id],
    );
    expect(kept).toEqual([{ n: 10_000, oldest: new Date(stage.deps.clock.nowMs() - 10_000) }]);
  });
});

describe('batches at once', () => {
  it('with the same keys in opposite orders: each key once, every other item names it, no deadlock', async () => {
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
    const times = keys.map((_, i) => stage.deps.clock.nowMs() - i * 1000);
    const deadlocks = () =>
      t.sql('SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()');
    const before = await deadlocks();
    for (let round = 0; round < 6; round += 1) {
      // In half of the rounds a second key, the time, runs against the order of the first.
      const bodies = keys.map((k, i) => ({
        external_id: `${round}-${k}`,
        ...(round % 2 === 0 ? {} : { timeMs: (times[i] ?? 0) - round * 60_000, timeGiven: true }),
      }));
      const batches = [
        batchOf(bodies),
        batchOf([...bodies].reverse()),
        batchOf(bodies),
        batchOf([...bodies].reverse()),
      ];
      const told = await Promise.all(batches.map(ended));
      const outcomes = told.flatMap((b, i) =>
        b.items.map((item) => ({ key: batches[i]?.rows[item.index]?.body.external_id, ...item })),
      );
      for (const { external_id: key } of bodies) {
        const mine = outcomes.filter((o) => o.key === key);
        const stored = mine.filter((o) => o.outcome.kind === 'stored');
        expect([mine.length, stored.length]).toEqual([4, 1]);
        const others = mine.filter((o) => o.outcome.kind !== 'stored').map((o) => o.outcome);
        expect(others).toEqual(
          others.map(() => ({ kind: 'duplicate', of: 'external_id', existingId: stored[0]?.id })),
        );
      }
    }
    expect(await counts()).toEqual(all(300));
    expect(await deadlocks()).toEqual(before);
  });

  it('that are one batch sent many times: it is stored once, and all are told the same', async () => {
    const first = batchOf(named('a', 'b', 'a'));
    const others = Array.from({ length: 20 }, () => batchOf(named('a', 'b', 'a'), { mac: first.mac }));
    const told = await Promise.all([first, ...others].map(ended));
    for (const other of told) expect(other).toEqual(told[0]);
    expect(await counts()).toEqual(all(2));
  });

  it('and single signals beside them: each key once, and each loser names the winner', async () => {
    for (let round = 0; round < 4; round += 1) {
      const bodies = Array.from({ length: 30 }, (_, i) => ({ external_id: `${round}:${i}` }));
      const singles = bodies.map((b) => newSignal(stage, producer.id, b));
      const batches = [batchOf(bodies), batchOf([...bodies].reverse())];
      const [told, ends] = await Promise.all([
        Promise.all(batches.map(ended)),
        Promise.all(singles.map((s) => ingestSignal(t.db, s))),
      ]);
      const stored = told.flatMap((b) => b.items).filter((i) => i.outcome.kind === 'stored').length;
      expect(stored + ends.filter((e) => e.kind === 'created').length).toBe(30);
      const rows = await t.sql('SELECT id, external_id FROM signals WHERE producer_id = $1', [producer.id]);
      const winner = new Map(rows.map((r) => [r['external_id'], r['id']]));
      for (const [i, end] of ends.entries())
        if (end.kind !== 'created')
          expect(end).toMatchObject({ kind: 'duplicate', existingId: winner.get(bodies[i]?.external_id) });
    }
    expect(await counts()).toEqual(all(120));
  });

  it('wait for a winner that they could not see, and name it', async () => {
    const rival = await t.connect('owner');
    await ingestSignal(t.db, newSignal(stage, producer.id, { external_id: 'seed' }));
    await rival.query('BEGIN');
    const { rows } = await rival.query<{ id: string }>(
      `INSERT INTO signals SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'mac',
         'unseen-batch-' || s.id, 'external_id', 'unseen'))).* FROM signals s WHERE external_id = 'seed' AND producer_id = $1
       RETURNING id`,
      [producer.id],
    );
    const loser = ended(batchOf(named('one', 'unseen', 'two')));
    await untilBlocked(t);
    await rival.query('COMMIT');
    expect((await loser).items.map((i) => i.outcome)).toEqual([
      { kind: 'stored' },
      { kind: 'duplicate', of: 'external_id', existingId: rows[0]?.id },
      { kind: 'stored' },
    ]);
  });
});
