import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  insertAccount,
  listAccounts,
  readAccount,
  setHalted,
  updateSettings,
} from '../../functions/execution/account-store.ts';
import { insertSubscription } from '../../functions/identity/subscription-store.ts';
import { auditOf, makeBridge, makeProducer, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
let userId: string;
let bridgeId: string;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
beforeEach(async () => {
  userId = await makeUser(stage);
  bridgeId = (await makeBridge(stage, userId)).id;
});
afterAll(() => t?.drop());

const nowMs = () => stage.deps.clock.nowMs();
const row = (given: Partial<Parameters<typeof insertAccount>[1]> = {}) => ({
  id: stage.deps.ids.next(),
  userId,
  bridgeId,
  name: 'Main',
  orderVolume: '0.25',
  producerIds: [],
  ...given,
});
const insert = (a: Parameters<typeof insertAccount>[1]) =>
  insertAccount(t.db, a, nowMs(), auditOf(stage.deps, a.id, 'account.create'));
const traces = async (id: string) => [
  (await t.sql('SELECT 1 FROM accounts WHERE id = $1', [id])).length,
  (await t.sql('SELECT 1 FROM account_producers WHERE account_id = $1', [id])).length,
  (await t.sql(`SELECT 1 FROM audit_log WHERE subject_id = $1 AND action = 'account.create'`, [id])).length,
];

describe('a new account', () => {
  it('starts halted, unbound and without figures, and follows its producers', async () => {
    const own = await makeProducer(stage, userId);
    const followed = await makeProducer(stage, await makeUser(stage));
    await insertSubscription(
      t.db,
      { producerId: followed.id, userId, createdMs: nowMs() },
      auditOf(stage.deps, userId),
    );
    const a = row({ producerIds: [own.id, followed.id] });
    expect(await insert(a)).toEqual({ kind: 'created' });
    expect(await readAccount(t.db, a.id)).toEqual({
      id: a.id,
      currency: null,
      marginMode: null,
      contact: null,
      ...{ polled: false, leaving: false, withdrawPending: false, guardPhase: 'armed' },
      epoch: { behind: null, unproven: false, dismissed: [], trusted: false },
      ...{ nextBridgeId: null, bridgeSinceMs: null, released: false },
      deployment: { halted: false, epochBehind: false },
      userId,
      bridgeId,
      name: 'Main',
      binding: null,
      halted: true,
      orderVolume: '0.25000000',
      settings: {
        ...{ riskBps: null, riskBase: 'lesser', maxVolume: null, maxPositions: null, minStopPoints: 0 },
        ...{ rewardRatio: null, maxSpreadPoints: null, commissionPerLot: '0', marginShareBps: null },
        ...{ maxInstrumentVolume: null, maxExposurePercent: null, instruments: null, symbols: {} },
      },
      version: 0,
      bootId: null,
      bridgeSeq: null,
      snapshotMs: null,
      dealsCursorMs: null,
      historyUntilMs: null,
      state: null,
      createdMs: nowMs(),
    });
    expect(await traces(a.id)).toEqual([1, 2, 1]);
  });

  it('is refused, and leaves no row, where the bridge is unknown, another user’s, or revoked', async () => {
    const foreign = await makeBridge(stage, await makeUser(stage));
    await t.sql('UPDATE bridges SET revoked_at = now() WHERE id = $1', [bridgeId]);
    for (const id of [stage.deps.ids.next(), foreign.id, bridgeId]) {
      const a = row({ bridgeId: id });
      expect(await insert(a)).toEqual({ kind: 'bridge' });
      expect(await traces(a.id)).toEqual([0, 0, 0]);
    }
  });

  it('is refused, and leaves no row, where the user is in the audience of not all the producers', async () => {
    const [own, foreign] = [
      await makeProducer(stage, userId),
      await makeProducer(stage, await makeUser(stage)),
    ];
    for (const id of [foreign.id, stage.deps.ids.next()]) {
      const a = row({ producerIds: [own.id, id] });
      expect(await insert(a)).toEqual({ kind: 'producer' });
      expect(await traces(a.id)).toEqual([0, 0, 0]);
    }
  });

  it('has its bridge alone: of 20 at once for one bridge one is made', async () => {
    const rows = Array.from({ length: 20 }, () => row());
    const ends = await Promise.all(rows.map(insert));
    expect(ends.filter((e) => e.kind === 'created').length).toBe(1);
    expect(ends.filter((e) => e.kind === 'bridge-taken').length).toBe(19);
    expect(await t.sql('SELECT count(*)::int AS n FROM accounts WHERE bridge_id = $1', [bridgeId])).toEqual([
      { n: 1 },
    ]);
  });
});

describe('an account', () => {
  it('is halted and resumed, each with an audit row; an unknown one is not', async () => {
    const a = row();
    await insert(a);
    const set = (id: string, halted: boolean) =>
      setHalted(t.db, id, halted, nowMs(), auditOf(stage.deps, id, 'halt'));
    expect(await set(a.id, false)).toBe(true);
    expect((await readAccount(t.db, a.id))?.halted).toBe(false);
    expect(await set(a.id, true)).toBe(true);
    expect((await readAccount(t.db, a.id))?.halted).toBe(true);
    const unknown = stage.deps.ids.next();
    expect(await set(unknown, true)).toBe(false);
    const audit = await t.sql(
      `SELECT subject_id FROM audit_log WHERE action = 'halt' AND subject_id = ANY($1)`,
      [[a.id, unknown]],
    );
    expect(audit.map((r) => r['subject_id'])).toEqual([a.id, a.id]);
    expect(await readAccount(t.db, unknown)).toBeNull();
  });

  it('is trusted from its first resumption on, whatever comes later, and by nothing else', async () => {
    const { id } = row();
    await insert(row({ id }));
    const trustedAt = async () =>
      (await t.sql('SELECT trusted_at FROM accounts WHERE id = $1', [id]))[0]?.['trusted_at'];
    const set = (halted: boolean, atMs: number) =>
      setHalted(t.db, id, halted, atMs, auditOf(stage.deps, id, 'halt'));
    await set(true, nowMs());
    expect([await trustedAt(), (await readAccount(t.db, id))?.epoch.trusted]).toEqual([null, false]);
    await set(false, nowMs());
    await set(true, nowMs() + 1);
    await set(false, nowMs() + 2);
    expect(await trustedAt()).toEqual(new Date(nowMs()));
    expect((await readAccount(t.db, id))?.epoch.trusted).toBe(true);
  });

  it('is listed to its user and to those who read everything', async () => {
    const a = row();
    await insert(a);
    const page = { page: 1, page_size: 100 };
    expect((await listAccounts(t.db, userId, page)).items.map((x) => x.id)).toEqual([a.id]);
    expect((await listAccounts(t.db, await makeUser(stage), page)).items).toEqual([]);
    expect((await listAccounts(t.db, null, page)).items.map((x) => x.id)).toContain(a.id);
  });
});

describe('the settings of an account', () => {
  const change = (id: string, by: string, settings: Parameters<typeof updateSettings>[2]) =>
    updateSettings(t.db, { id, userId: by }, settings, nowMs(), auditOf(stage.deps, id, 'account.update'));

  it('are changed as far as they are given, and read back as they were', async () => {
    const a = row();
    await insert(a);
    const all = await change(a.id, userId, {
      ...{ name: 'Swing', order_volume: '0.5', risk_bps: 150, risk_base: 'equity', max_volume: '2.5' },
      ...{ max_positions: 4, min_stop_points: 12, reward_ratio: '3.25', max_spread_points: 40 },
      ...{ commission_per_lot: '7.5', margin_share_bps: 3_000, instruments: ['XAUUSD', 'EURUSD'] },
      ...{ max_instrument_volume: '5', max_exposure_percent: 3_000, symbols: { XAUUSD: 'GOLD.m' } },
    });
    const settings = {
      ...{ riskBps: 150, riskBase: 'equity', maxVolume: '2.5', maxPositions: 4, minStopPoints: 12 },
      ...{ rewardRatio: '3.25', maxSpreadPoints: 40, commissionPerLot: '7.5', marginShareBps: 3_000 },
      ...{ instruments: ['XAUUSD', 'EURUSD'], symbols: { XAUUSD: 'GOLD.m' } },
      ...{ maxInstrumentVolume: '5', maxExposurePercent: 3_000 },
    };
    expect(all).toMatchObject({ account: { name: 'Swing', orderVolume: '0.50000000', settings } });
    expect((await readAccount(t.db, a.id))?.settings).toEqual(settings);
    const less = { risk_bps: null, max_volume: null, instruments: null, symbols: {} };
    const cleared = { riskBps: null, maxVolume: null, instruments: null, symbols: {} };
    expect(await change(a.id, userId, less)).toMatchObject({
      ...{ kind: 'changed', account: { settings: { ...settings, ...cleared } } },
    });
    expect((await readAccount(t.db, a.id))?.settings).toEqual({ ...settings, ...cleared });
    expect(await change(a.id, userId, {})).toMatchObject({ account: { name: 'Swing' } });
    const audits = await t.sql(
      `SELECT 1 FROM audit_log WHERE subject_id = $1 AND action = 'account.update'`,
      [a.id],
    );
    expect(audits.length).toBe(3);
  });

  it('that two set at once are both set', async () => {
    const a = row();
    await insert(a);
    await Promise.all([
      change(a.id, userId, { risk_bps: 100 }),
      change(a.id, userId, { max_positions: 2 }),
      change(a.id, userId, { symbols: { EURUSD: 'EURUSD.x' } }),
    ]);
    expect((await readAccount(t.db, a.id))?.settings).toMatchObject({
      ...{ riskBps: 100, maxPositions: 2, symbols: { EURUSD: 'EURUSD.x' } },
    });
  });

  it('are nobody else’s to change, and leave no audit row where nothing changed', async () => {
    const a = row();
    await insert(a);
    expect(await change(a.id, await makeUser(stage), { risk_bps: 100 })).toEqual({ kind: 'not-theirs' });
    expect((await readAccount(t.db, a.id))?.settings.riskBps).toBeNull();
    const audits = await t.sql(
      `SELECT 1 FROM audit_log WHERE subject_id = $1 AND action = 'account.update'`,
      [a.id],
    );
    expect(audits).toEqual([]);
  });
});
