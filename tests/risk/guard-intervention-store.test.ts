import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orderedTrip, stoppedTrip } from '../../functions/risk/guard-intervention.ts';
import {
  type Intervention,
  storeClosing,
  storeRearm,
  storeStop,
} from '../../functions/risk/guard-intervention-store.ts';
import {
  changeGuardSettings,
  type ReadGuard,
  readGuard,
  withGuard,
} from '../../functions/risk/guard-settings-store.ts';
import { BLANK_STATE } from '../../functions/risk/guard-state.ts';
import { auditOf, makeDesk, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
afterAll(() => t?.drop());

/** The guard of a new account. */
async function guardOfNew(): Promise<ReadGuard> {
  const { account } = await makeDesk(stage);
  const guard = await readGuard(t.db, account.id);
  if (guard === null) throw new Error('a test account has no guard');
  return guard;
}
const by = (of: ReadGuard): Intervention => {
  const { ids } = stage.deps;
  const audit = { ...auditOf(stage.deps, of.accountId, 'test.guard'), actorId: null };
  return { of, audit, reason: 'a test', alert: { id: ids.next(), eventId: ids.next() } };
};
const order = () =>
  orderedTrip(null, {
    cause: 'person',
    tripId: stage.deps.ids.next(),
    scope: 'all',
    nowMs: stage.deps.clock.nowMs(),
  });
const moved = (id: string) => t.sql('UPDATE accounts SET version = version + 1 WHERE id = $1', [id]);
/** All that could have been stored of an account. */
const stored = async (id: string) => {
  const [row] = await t.sql(
    `SELECT a.halted, a.guard_phase, a.version, (SELECT count(*)::int FROM guard_trips WHERE account_id = a.id) AS trips,
       (SELECT count(*)::int FROM guards WHERE account_id = a.id) AS guards,
       (SELECT count(*)::int FROM audit_log WHERE subject_id = a.id::text OR action = 'test.guard') AS audits,
       (SELECT count(*)::int FROM alerts WHERE subject_id = a.id::text) AS alerts FROM accounts a WHERE a.id = $1`,
    [id],
  );
  return row;
};

describe('what is done to a guard that has changed since it was read', () => {
  const writes: [string, (guard: ReadGuard) => Promise<unknown>][] = [
    ['a closing', (guard) => storeClosing(t.db, order(), by(guard))],
    ['a stop', (guard) => storeStop(t.db, { ...order(), latched: true }, by(guard))],
    ['a re-arming', (guard) => storeRearm(t.db, order(), by(guard))],
    ['a setting', (guard) => changeGuardSettings(t.db, guard, { trip_bps: 1_900 }, by(guard).audit)],
  ];
  it.each(writes)('is not done: %s', async (_, write) => {
    const guard = await guardOfNew();
    await moved(guard.accountId);
    const before = await stored(guard.accountId);
    expect(await write(guard)).toBe(null);
    expect(await stored(guard.accountId)).toEqual(before);
  });

  it('is done by what is there then', async () => {
    const { accountId } = await guardOfNew();
    let tries = 0;
    const done = await withGuard(t.db, accountId, async (guard) => {
      tries += 1;
      if (tries === 1) await moved(accountId);
      return changeGuardSettings(t.db, guard, { trip_bps: 1_900 }, by(guard).audit);
    });
    expect([done, tries]).toEqual(['changed', 2]);
  });

  it('is given up after a while, where that happens each time', async () => {
    const { accountId } = await guardOfNew();
    expect(await withGuard(t.db, accountId, async () => null)).toBe(null);
  });
});

describe('a closing', () => {
  it('is one row with its halt, phase, state, audit and alert, and stopping it one with all of theirs', async () => {
    const guard = await guardOfNew();
    const { accountId, version } = guard;
    const made = order();
    const events = await storeClosing(t.db, made, by(guard));
    expect(events).toHaveLength(1);
    expect(await stored(accountId)).toMatchObject({
      ...{ halted: true, guard_phase: 'tripped', version: version + 1, trips: 1, guards: 1, alerts: 1 },
    });
    const sent = await t.sql('SELECT topic FROM outbox WHERE id = ANY($1)', [events]);
    expect(sent).toEqual([{ topic: 'alert.raised' }]);
    const now = await readGuard(t.db, accountId);
    const step = stoppedTrip(now?.state ?? BLANK_STATE);
    if (now === null || step === null) throw new Error('nothing was being closed');
    expect(await storeStop(t.db, step, by(now))).toHaveLength(1);
    expect(await stored(accountId)).toMatchObject({ halted: true, guard_phase: 'armed', alerts: 2 });
    const [trip] = await t.sql('SELECT * FROM guard_trips WHERE id = $1', [made.trip.tripId]);
    expect(trip).toMatchObject({ end_reason: 'a test', flat_at: null });
    expect(trip?.['stopped_at']).toEqual(trip?.['ended_at']);
  });

  it('that would begin a second trip beside another stores nothing', async () => {
    const guard = await guardOfNew();
    await storeClosing(t.db, order(), by(guard));
    const now = await readGuard(t.db, guard.accountId);
    if (now === null) throw new Error('gone');
    await expect(storeClosing(t.db, order(), by(now))).rejects.toThrow();
    expect(await stored(guard.accountId)).toMatchObject({ trips: 1, version: now.version });
  });
});
