import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditInsert } from '../../functions/platform/audit.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import {
  FIRST_PATIENCE_MS,
  listDeadEvents,
  MAX_ATTEMPTS,
  noteOutboxFailure,
  outboxDepth,
  outboxDone,
  outboxInsert,
  readOutboxEvents,
  sweepOutbox,
} from '../../functions/platform/outbox-store.ts';
import { auditOf, type Stage } from '../support/organisation.ts';
import { START_MS } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  stage = { t, deps: testDeps(t) };
  await t.sql('DELETE FROM outbox');
});
afterAll(() => t?.drop());

const LONG_MS = 15 * 60_000;
const one = sql`(SELECT 1) AS one`;
const none = sql`(SELECT 1 WHERE false) AS none`;
async function put(atMs = START_MS, from = one): Promise<string> {
  const id = stage.deps.ids.next();
  await t.db.run(
    outboxInsert({ id, topic: 'signal.created', payload: { signal_id: 'x' }, nowMs: atMs, from }),
  );
  return id;
}
const row = async (id: string) => (await t.sql('SELECT * FROM outbox WHERE id = $1', [id]))[0];
const availableMs = async (id: string) => ((await row(id))?.['available_at'] as Date | undefined)?.getTime();

describe('an event', () => {
  it('is written with its change: a change that did not happen leaves none', async () => {
    const [made, refused] = [await put(), await put(START_MS, none)];
    expect(await readOutboxEvents(t.db, [made, refused])).toEqual([
      { id: made, topic: 'signal.created', payload: { signal_id: 'x' }, attempts: 0 },
    ]);
    expect(await row(refused)).toBeUndefined();
  });

  it('vanishes with the transaction that it was written in', async () => {
    const id = stage.deps.ids.next();
    const event = { id, topic: 'x', payload: {}, nowMs: START_MS, from: one };
    await expect(t.db.batch([outboxInsert(event), sql`SELECT 1 / 0`])).rejects.toThrow();
    expect(await row(id)).toBeUndefined();
  });

  it('is done once, at the moment of the first, and then nobody is given it', async () => {
    const id = await put();
    await t.db.run(outboxDone(id, START_MS + 1));
    await t.db.run(outboxDone(id, START_MS + 2));
    expect((await row(id))?.['done_at']).toEqual(new Date(START_MS + 1));
    expect(await readOutboxEvents(t.db, [id])).toEqual([]);
    expect(await sweepOutbox(t.db, START_MS + 10 * LONG_MS, 10)).toEqual([]);
    expect(await readOutboxEvents(t.db, [stage.deps.ids.next()])).toEqual([]);
  });

  it('keeps the newest cause of a failure, cut short, and none after it is done', async () => {
    const id = await put();
    await noteOutboxFailure(t.db, id, 'x'.repeat(600));
    expect((await row(id))?.['last_error']).toBe('x'.repeat(500));
    await noteOutboxFailure(t.db, id, 'second');
    await t.db.run(outboxDone(id, START_MS));
    await noteOutboxFailure(t.db, id, 'third');
    expect((await row(id))?.['last_error']).toBe('second');
  });
});

describe('the sweep', () => {
  it('leaves a fresh event to the queue for its first patience, to the millisecond', async () => {
    const id = await put();
    expect(await sweepOutbox(t.db, START_MS + FIRST_PATIENCE_MS - 1, 10)).toEqual([]);
    expect(await sweepOutbox(t.db, START_MS + FIRST_PATIENCE_MS, 10)).toEqual([id]);
    expect(await sweepOutbox(t.db, START_MS + FIRST_PATIENCE_MS, 10)).toEqual([]);
  });

  it('doubles its pauses up to a quarter of an hour, buries after the last attempt, and shows the dead', async () => {
    const id = await put();
    let nowMs = START_MS + FIRST_PATIENCE_MS;
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      expect(await sweepOutbox(t.db, nowMs, 10)).toEqual([id]);
      const next = (await availableMs(id)) ?? 0;
      pauses.push((next - nowMs) / 1000);
      nowMs = next;
    }
    expect(pauses).toEqual([15, 30, 60, 120, 240, 480, 900, 900, 900, 900, 900, 900]);
    expect(await outboxDepth(t.db)).toEqual({ waiting: 1, dead: 0 });
    await noteOutboxFailure(t.db, id, 'the cause');
    expect(await sweepOutbox(t.db, nowMs, 10)).toEqual([]);
    expect(await outboxDepth(t.db)).toEqual({ waiting: 0, dead: 1 });
    expect(await readOutboxEvents(t.db, [id])).toEqual([]);
    expect((await listDeadEvents(t.db, { page: 1, page_size: 10 })).items).toEqual([
      {
        id,
        topic: 'signal.created',
        payload: { signal_id: 'x' },
        attempts: MAX_ATTEMPTS,
        lastError: 'the cause',
        createdMs: START_MS,
      },
    ]);
    expect(await sweepOutbox(t.db, nowMs + 10 * LONG_MS, 10)).toEqual([]);
  });

  it('takes the oldest first, and no more than its limit', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.push(await put(START_MS + i));
    const late = START_MS + LONG_MS;
    expect((await sweepOutbox(t.db, late, 2)).sort()).toEqual(ids.slice(0, 2).sort());
    expect((await sweepOutbox(t.db, late, 10)).sort()).toEqual(ids.slice(2).sort());
  });

  it('run ten times at once takes every event once', async () => {
    const ids = await Promise.all(Array.from({ length: 100 }, () => put()));
    const swept = await Promise.all(
      Array.from({ length: 10 }, () => sweepOutbox(t.db, START_MS + LONG_MS, 40)),
    );
    const taken = swept.flat();
    expect(new Set(taken).size).toBe(taken.length);
    const rest = await sweepOutbox(t.db, START_MS + LONG_MS, 1000);
    expect([...taken, ...rest].sort()).toEqual(ids.sort());
    expect(await t.sql('SELECT DISTINCT attempts::int AS n FROM outbox')).toEqual([{ n: 1 }]);
  });

  it('passes over what another sweeper holds, and does not wait for it', async () => {
    const [held, free] = [await put(), await put()];
    const other = await t.connect('owner');
    await other.query('BEGIN');
    await other.query('SELECT 1 FROM outbox WHERE id = $1 FOR UPDATE', [held]);
    expect(await sweepOutbox(t.db, START_MS + LONG_MS, 10)).toEqual([free]);
    await other.query('ROLLBACK');
    expect(await sweepOutbox(t.db, START_MS + LONG_MS, 10)).toEqual([held]);
  });

  it('takes nothing that its consumer is just marking done', async () => {
    const id = await put();
    const consumer = await t.connect('owner');
    await consumer.query('BEGIN');
    await consumer.query('UPDATE outbox SET done_at = $2 WHERE id = $1', [id, isoTime(START_MS)]);
    expect(await sweepOutbox(t.db, START_MS + LONG_MS, 10)).toEqual([]);
    await consumer.query('COMMIT');
    expect(await sweepOutbox(t.db, START_MS + LONG_MS, 10)).toEqual([]);
  });
});

describe('the audit row of a change', () => {
  it('stands with it, whatever its texts hold, and not without it', async () => {
    const entry = {
      ...auditOf(stage.deps, `'; DROP TABLE users; -- "\\`, 'odd'),
      detail: { text: 'ü\\n\u2028"\'', list: [1, null] },
    };
    await t.db.run(auditInsert(entry, one));
    await t.db.run(auditInsert({ ...entry, id: stage.deps.ids.next() }, none));
    expect(await t.sql(`SELECT subject_id, detail FROM audit_log WHERE action = 'odd'`)).toEqual([
      { subject_id: entry.subjectId, detail: entry.detail },
    ]);
  });
});
