import { NeonDbError } from '@neondatabase/serverless';
import type { SQL } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, databaseFault } from '../../functions/platform/database.ts';
import { ingestGrouped } from '../../functions/signals/grouped-ingest-store.ts';
import type { NewSignal } from '../../functions/signals/ingest-store.ts';
import { makeDesk, newSignal, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let stage: Stage;
let producerId: string;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  deps = testDeps(t);
  stage = { t, deps };
  producerId = (await makeDesk(stage)).producer.id;
});
afterAll(() => t?.drop());

/** Time passes as the machine's does: who waits must not spin. */
const clock = {
  nowMs: () => Date.now(),
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
};
/** The database with its calls counted, each through `before`. */
function counting(before: (statement: SQL, nth: number) => Promise<void> = async () => {}) {
  const calls = { count: 0 };
  const db: Database = {
    ...t.db,
    run: async (statement) => {
      calls.count += 1;
      await before(statement, calls.count);
      return t.db.run(statement);
    },
  };
  return { calls, db };
}
const signal = (externalId: string, row: Partial<NewSignal> = {}): NewSignal =>
  newSignal(stage, producerId, { external_id: externalId }, row);
const storeAll = (db: Database, signals: readonly NewSignal[]) =>
  Promise.allSettled(signals.map((s) => ingestGrouped({ db, clock, after: deps.after }, s)));
const kinds = (ends: readonly PromiseSettledResult<{ kind: string }>[]) =>
  ends.map((end) => (end.status === 'fulfilled' ? end.value.kind : 'failed'));
const stored = async (signals: readonly NewSignal[]) => {
  const [row] = await t.sql(
    `SELECT (SELECT count(*) FROM signals WHERE id = ANY($1))::int AS signals,
      (SELECT count(*) FROM deliveries WHERE signal_id = ANY($1))::int AS deliveries,
      (SELECT count(*) FROM audit_log WHERE id = ANY($2))::int AS audit,
      (SELECT count(*) FROM outbox WHERE id = ANY($3))::int AS events`,
    [signals.map((s) => s.id), signals.map((s) => s.auditId), signals.map((s) => s.eventId)],
  );
  return row;
};

describe('signals that come together', () => {
  it('share calls, and each is told of its own: all stored, each with its rows, moment and request', async () => {
    const { db, calls } = counting();
    const signals = Array.from({ length: 60 }, (_, i) =>
      signal(`together-${i}`, { receivedMs: deps.clock.nowMs() + i, requestId: `request-${i}` }),
    );
    expect(new Set(kinds(await storeAll(db, signals)))).toEqual(new Set(['created']));
    expect(await stored(signals)).toEqual({ signals: 60, deliveries: 60, audit: 60, events: 60 });
    expect(calls.count, 'two alone, then the rest in groups of at most fifty').toBeLessThanOrEqual(4);
    const rows = await t.sql(
      `SELECT s.received_at, o.available_at, a.at, a.request_id FROM signals s JOIN audit_log a ON a.subject_id = s.id::text
        JOIN outbox o ON o.payload ->> 'signal_id' = s.id::text WHERE s.producer_id = $1 ORDER BY s.received_at`,
      [producerId],
    );
    expect(rows).toEqual(
      signals.map((s) => ({
        received_at: new Date(s.receivedMs),
        available_at: new Date(s.receivedMs + 15_000),
        at: new Date(s.receivedMs),
        request_id: s.requestId,
      })),
    );
  });

  it('of which many are one and the same leave one, and the others name it', async () => {
    const { db } = counting();
    const mac = `same-${producerId}`;
    const signals = Array.from({ length: 40 }, () => signal('same', { mac }));
    const ends = await storeAll(db, signals);
    const created = signals.filter((_, i) => kinds(ends)[i] === 'created');
    expect(created.length).toBe(1);
    const duplicate = { kind: 'duplicate', of: 'replay', existingId: created[0]?.id };
    expect(
      ends.flatMap((e) => (e.status === 'fulfilled' && e.value.kind !== 'created' ? [e.value] : [])),
    ).toEqual(Array(39).fill(duplicate));
    expect(await stored(signals)).toEqual({ signals: 1, deliveries: 1, audit: 1, events: 1 });
  });

  it('do not pay for the one among them that the database cannot hold', async () => {
    const { db } = counting();
    const bad = signal('bad', { contentSha256: 'nul \u0000' });
    const signals = Array.from({ length: 20 }, (_, i) => (i === 11 ? bad : signal(`beside-${i}`)));
    expect(kinds(await storeAll(db, signals))).toEqual(
      signals.map((s) => (s === bad ? 'failed' : 'created')),
    );
    expect(await stored(signals)).toMatchObject({ signals: 19, deliveries: 19, audit: 19, events: 19 });
  });

  it('around the end of a secret are taken before it and refused after it', async () => {
    const endMs = deps.clock.nowMs() + 1_000;
    await t.sql('UPDATE producer_secrets SET expires_at = $2 WHERE producer_id = $1', [
      producerId,
      new Date(endMs),
    ]);
    const { db } = counting();
    const signals = Array.from({ length: 12 }, (_, i) =>
      signal(`end-${i}`, { receivedMs: endMs + (i % 2 === 0 ? -1 : 0) }),
    );
    expect(kinds(await storeAll(db, signals))).toEqual(
      signals.map((s) => (s.receivedMs < endMs ? 'created' : 'revoked')),
    );
  });

  it('all fail when the database cannot be reached, which is asked once and not for each', async () => {
    let calls = 0;
    const run = () => {
      calls += 1;
      return Promise.reject(new NeonDbError('nobody there'));
    };
    const db = { ...t.db, run };
    const signals = Array.from({ length: 30 }, (_, i) => signal(`gone-${i}`));
    expect(new Set(kinds(await storeAll(db, signals)))).toEqual(new Set(['failed']));
    expect(calls).toBeLessThanOrEqual(4);
    expect(await stored(signals)).toMatchObject({ signals: 0, deliveries: 0 });
  });
});

describe('a signal alone', () => {
  it('costs one call and waits for nobody', async () => {
    const { db, calls } = counting();
    expect(kinds(await storeAll(db, [signal('alone')]))).toEqual(['created']);
    expect(calls.count).toBe(1);
  });
});

describe('a database that does not answer', () => {
  /** Two calls that fail after `hangMs` and one signal that came beside them; how often the database was asked. */
  async function besideCallsOf(hangMs: number): Promise<{ kind: string; asked: number }> {
    let nowMs = 0;
    const pass = (ms: number) => {
      nowMs += ms;
    };
    const passing = {
      nowMs: () => nowMs,
      sleep: (ms: number) => clock.sleep(1).then(() => pass(ms)),
    };
    const { db, calls } = counting(async (_, nth) => {
      if (nth > 2) return;
      while (nowMs < hangMs) await clock.sleep(1);
      throw new NeonDbError('no answer');
    });
    const store = (id: string) =>
      ingestGrouped({ db, clock: passing, after: (work) => void work() }, signal(id));
    const ends = await Promise.allSettled([`a-${hangMs}`, `b-${hangMs}`, `beside-${hangMs}`].map(store));
    return { kind: kinds(ends)[2] ?? '', asked: calls.count };
  }

  it('fails who has waited through it as well, and is not asked once more for him', async () => {
    expect(await besideCallsOf(15_000)).toEqual({ kind: 'failed', asked: 2 });
  });

  it('fails nobody but the callers where their connection broke at once', async () => {
    expect(await besideCallsOf(0)).toEqual({ kind: 'created', asked: 3 });
  });
});

describe('a call that never comes back', () => {
  it('holds up nobody for ever: after twenty seconds its place is free again', async () => {
    let nowMs = 0;
    const pass = (ms: number) => {
      nowMs += ms;
    };
    const passing = {
      nowMs: () => nowMs,
      sleep: (ms: number) => clock.sleep(1).then(() => pass(ms)),
    };
    const { db } = counting((_, nth) => (nth <= 2 ? new Promise(() => {}) : Promise.resolve()));
    const store = (s: NewSignal) => ingestGrouped({ db, clock: passing, after: (work) => void work() }, s);
    const lost = [signal('lost-1'), signal('lost-2')].map(store);
    const ends = await Promise.all([store(signal('kept-1')), store(signal('kept-2'))]);
    expect(ends.map((e) => e.kind)).toEqual(['created', 'created']);
    expect(nowMs).toBeGreaterThan(20_000);
    const pending = Symbol();
    expect(await Promise.race([...lost, clock.sleep(5).then(() => pending)])).toBe(pending);
  });

  it('is a failure for those whose signals it took along, not a silence', async () => {
    let nowMs = 0;
    const pass = (ms: number) => {
      nowMs += ms;
    };
    const passing = {
      nowMs: () => nowMs,
      sleep: (ms: number) => clock.sleep(1).then(() => pass(ms)),
    };
    const { db } = counting((_, nth) => (nth <= 2 ? clock.sleep(20) : new Promise(() => {})));
    const store = (s: NewSignal) => ingestGrouped({ db, clock: passing, after: (work) => void work() }, s);
    const [one, two, , taken] = ['quick-1', 'quick-2', 'caller', 'taken'].map((id) => store(signal(id)));
    const failure = await taken?.catch((e: unknown) => e);
    expect(databaseFault(failure), 'to be answered like any database that is away').toEqual({
      kind: 'unreachable',
    });
    expect([(await one)?.kind, (await two)?.kind]).toEqual(['created', 'created']);
  });
});
