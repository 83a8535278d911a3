import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noteContact } from '../../functions/bridge/contact-store.ts';
import { raiseAlerts } from '../../functions/notify/raise-alerts.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { makeAccount, makeBridge, makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
let of: { userId: string; bridgeId: string; accountId: string };
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());
beforeEach(async () => {
  await t.sql('TRUNCATE alert_deliveries, alerts, outbox, bridge_contacts, commands CASCADE');
  deps = testDeps(t);
  const userId = await makeUser({ t, deps });
  const bridgeId = (await makeBridge({ t, deps }, userId)).id;
  const accountId = (await makeAccount({ t, deps }, { userId, bridgeId, producerIds: [] })).id;
  of = { userId, bridgeId, accountId };
});

const heard = (outcome = 'applied') =>
  noteContact(
    t.db,
    { ...of, outcome, nowMs: deps.clock.nowMs() },
    { id: deps.ids.next(), eventId: deps.ids.next() },
  );
const alerts = () =>
  t.sql('SELECT kind, subject_id, period, user_id, detail, event_id FROM alerts ORDER BY created_at');

describe('a tick raises', () => {
  it('a bridge silent for more than five minutes, to its account’s user, once for each silence', async () => {
    await heard();
    deps.clock.advance(300_000);
    expect(await raiseAlerts(deps)).toBe(0);
    deps.clock.advance(1);
    expect(await raiseAlerts(deps)).toBe(1);
    await heard('bridge-timeout');
    deps.clock.advance(60_000);
    expect(await raiseAlerts(deps)).toBe(0);
    expect(await alerts()).toMatchObject([
      {
        ...{ kind: 'bridge-silent', subject_id: of.accountId, user_id: of.userId },
        detail: { account: 'An account', last_heard: expect.stringContaining('2026-03-02T10:00:00') },
      },
    ]);
    await heard();
    deps.clock.advance(300_001);
    expect(await raiseAlerts(deps), 'the next silence').toBe(1);
  });

  it('no silence of a bridge that was never heard, or is revoked', async () => {
    await heard('bridge-timeout');
    deps.clock.advance(600_000);
    expect(await raiseAlerts(deps)).toBe(0);
    await heard();
    deps.clock.advance(600_000);
    await t.sql('UPDATE bridges SET revoked_at = now() WHERE id = $1', [of.bridgeId]);
    expect(await raiseAlerts(deps)).toBe(0);
  });

  it('a command whose fate is open five minutes after it was sent, once', async () => {
    const command = async (state: string, magic: number, agoMs: number) => {
      const id = deps.ids.next();
      const sent = isoTime(deps.clock.nowMs() - agoMs);
      await t.sql(
        `INSERT INTO commands (id, account_id, kind, symbol, instruction, magic, comment, attempt, state, expires_at,
           sent_at, negative_lookups, created_at, updated_at)
         VALUES ($1, $2, 'open', 'XAUUSD', '{}', $3, 'cs', 0, $4, $5, $5, 0, $5, $5)`,
        [id, of.accountId, magic, state, sent],
      );
      return id;
    };
    const open = [await command('unknown', 1, 300_001), await command('sent', 2, 300_001)];
    await command('unknown', 3, 300_000);
    await command('done', 4, 900_000);
    expect(await raiseAlerts(deps)).toBe(2);
    expect(await raiseAlerts(deps)).toBe(0);
    const raised = await alerts();
    expect(raised.map((a) => a['subject_id']).sort()).toEqual(open.sort());
    expect(raised[0]).toMatchObject({
      kind: 'command-unknown',
      user_id: of.userId,
      detail: { symbol: 'XAUUSD' },
    });
  });

  it('dead events, by topic, once a day, for the deployment', async () => {
    const bury = (topic: string, done = false) =>
      t.sql(
        `INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts, dead_at, done_at)
         VALUES (gen_random_uuid(), $1, '{}', $2, $2, 12, $2, $3)`,
        [topic, isoTime(deps.clock.nowMs()), done ? isoTime(deps.clock.nowMs()) : null],
      );
    await bury('signal.created');
    await bury('signal.created');
    await bury('command.created');
    await bury('approval.approved', true);
    expect(await raiseAlerts(deps)).toBe(2);
    await bury('signal.created');
    expect(await raiseAlerts(deps)).toBe(0);
    deps.clock.advance(86_400_000);
    await bury('signal.created');
    expect(await raiseAlerts(deps)).toBe(1);
    const raised = (await alerts()).map((a) => a['detail']);
    expect(raised).toContainEqual({ topic: 'signal.created', events: 2 });
    expect(raised).toContainEqual({ topic: 'command.created', events: 1 });
  });
});

it('each alert has its event, which is put on the queue', async () => {
  await heard();
  deps.clock.advance(300_001);
  await raiseAlerts(deps);
  const [alert] = await alerts();
  expect(deps.sent).toEqual([{ kind: 'outbox', id: alert?.['event_id'] }]);
  expect(await t.sql(`SELECT id, topic FROM outbox`)).toEqual([
    { id: alert?.['event_id'], topic: 'alert.raised' },
  ]);
});

it('is said once though another tick is just saying it', async () => {
  await heard();
  deps.clock.advance(300_001);
  await raiseAlerts(deps);
  const other = await t.connect();
  await other.query('BEGIN');
  // The other tick has written the same and not committed: ours cannot see it and waits for its key.
  await other.query('CREATE TEMP TABLE said AS SELECT * FROM alerts');
  await t.sql('DELETE FROM alerts');
  await other.query('INSERT INTO alerts SELECT * FROM said');
  const ours = raiseAlerts(deps);
  await untilBlocked(t);
  await other.query('COMMIT');
  expect(await ours).toBe(0);
  expect(await alerts()).toHaveLength(1);
  expect(await t.sql('SELECT count(*)::int AS n FROM outbox')).toEqual([{ n: 1 }]);
});
