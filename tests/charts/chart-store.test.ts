import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type CatalogueEntry,
  deleteExpiredCharts,
  deletePastCosts,
  insertChart,
  readChart,
  readChartState,
  readExpiredCharts,
  readSpent,
  readSubjectChart,
  revokeChart,
} from '../../functions/charts/chart-store.ts';
import { claimDrawing } from '../../functions/charts/drawing-lease-store.ts';
import { auditOf, makeDesk, makeUser, type Stage, storeSignal } from '../support/organisation.ts';
import { START_MS } from '../support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

const DAY_MS = 86_400_000;
let t: TestDatabase;
let stage: Stage;
let userId: string;
let otherId: string;
let made = 0;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
  userId = await makeUser(stage);
  otherId = await makeUser(stage);
});
afterAll(() => t?.drop());

const entry = (over: Partial<CatalogueEntry> = {}): CatalogueEntry => {
  made += 1;
  return {
    ...{ digest: `p-${made}`, userId, private: true, alt: 'a chart', signalId: null, tradeId: null },
    chart: { kind: 'candlestick' } as CatalogueEntry['chart'],
    ...{ createdMs: START_MS, expiresMs: START_MS + DAY_MS, ...over },
  };
};
const spent = async (id = userId): Promise<number[]> =>
  (await t.sql('SELECT cost FROM chart_costs WHERE user_id = $1 ORDER BY day', [id])).map((r) =>
    Number(r['cost']),
  );
const revoke = (digest: string, by: string | null) =>
  revokeChart(t.db, digest, by, START_MS, auditOf(stage.deps, digest, 'chart.revoke'));

describe('the catalogue', () => {
  it('holds a picture once, under whoever asked first, and knows it from then on', async () => {
    const e = entry();
    const first = await Promise.all(Array.from({ length: 5 }, () => insertChart(t.db, e)));
    expect(first).toContain('new');
    expect(await insertChart(t.db, { ...e, userId: otherId, alt: 'another' })).toBe('known');
    expect(await readChart(t.db, e.digest)).toEqual(e.chart);
    expect(await readChartState(t.db, e.digest)).toEqual({
      ...{ alt: 'a chart', revoked: false, expiresMs: START_MS + DAY_MS },
    });
    expect(await readChart(t.db, 'none')).toBeNull();
    expect(await readChartState(t.db, 'none')).toBeNull();
  });

  it('keeps a picture that is asked for again as long as a new one, and never shorter', async () => {
    const e = entry();
    await insertChart(t.db, e);
    const until = async () => (await readChartState(t.db, e.digest))?.expiresMs;
    await insertChart(t.db, { ...e, expiresMs: START_MS + 2 * DAY_MS });
    expect(await until()).toBe(START_MS + 2 * DAY_MS);
    await insertChart(t.db, { ...e, expiresMs: START_MS });
    expect(await until()).toBe(START_MS + 2 * DAY_MS);
    const forever = entry({ expiresMs: null });
    await insertChart(t.db, forever);
    await insertChart(t.db, { ...forever, expiresMs: START_MS });
    expect(await readChartState(t.db, forever.digest)).toMatchObject({ expiresMs: null });
    await insertChart(t.db, { ...e, expiresMs: null });
    expect(await until()).toBeNull();
  });

  it('does not know a picture that is forgotten just then, and catalogues it anew', async () => {
    const e = entry();
    await insertChart(t.db, e);
    const prune = await t.connect('superuser');
    await prune.query('BEGIN');
    await prune.query('DELETE FROM charts WHERE digest = $1', [e.digest]);
    const asked = insertChart(t.db, e);
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await vi.waitFor(async () => expect((await prune.query(waiting)).rows.length).toBe(1), 5_000);
    await prune.query('COMMIT');
    expect(await asked).toBe('new');
    expect(await readChart(t.db, e.digest)).not.toBeNull();
  });
});

describe('the allowance of a day', () => {
  it('is charged for what is new alone, and never passed; what was refused is not there', async () => {
    const poor = await makeUser(stage);
    const of = (cost: number) => ({ cost, daily: 100 });
    const [one, two, large] = [1, 2, 3].map(() => entry({ userId: poor }));
    if (!one || !two || !large) throw new Error('three were made');
    expect(await insertChart(t.db, one, of(60))).toBe('new');
    expect(await insertChart(t.db, one, of(60))).toBe('known');
    expect(await spent(poor)).toEqual([60]);
    expect(await readSpent(t.db, poor, START_MS + DAY_MS / 2)).toBe(60);
    expect(await readSpent(t.db, poor, START_MS + DAY_MS)).toBe(0);
    expect(await insertChart(t.db, two, of(41))).toBe('over-allowance');
    expect(await readChart(t.db, two.digest)).toBeNull();
    expect(await insertChart(t.db, two, of(40))).toBe('new');
    expect(await spent(poor)).toEqual([100]);
    expect(await insertChart(t.db, entry({ userId: poor }), null)).toBe('new');
    expect(await insertChart(t.db, { ...large, createdMs: START_MS + DAY_MS }, of(101))).toBe(
      'over-allowance',
    );
    expect(await insertChart(t.db, { ...large, createdMs: START_MS + DAY_MS }, of(100))).toBe('new');
    expect(await spent(poor)).toEqual([100, 100]);
  });

  it('holds under any concurrency', async () => {
    const poor = await makeUser(stage);
    const asks = Array.from({ length: 12 }, () =>
      insertChart(t.db, entry({ userId: poor }), { cost: 10, daily: 55 }),
    );
    const outcomes = await Promise.all(asks);
    expect(outcomes.filter((o) => o === 'new').length).toBe(5);
    expect(await spent(poor)).toEqual([50]);
  });
});

describe('a chart that is taken back', () => {
  it('stays so, for its owner and for an admin, with one audit row', async () => {
    const e = entry();
    await insertChart(t.db, e);
    expect(await revoke(e.digest, otherId)).toBe('foreign');
    expect(await readChartState(t.db, e.digest)).toMatchObject({ revoked: false });
    expect(await revoke(e.digest, userId)).toBe('revoked');
    expect(await revoke(e.digest, null)).toBe('revoked');
    expect(await insertChart(t.db, { ...e, expiresMs: START_MS + 9 * DAY_MS })).toBe('revoked');
    expect(await readChartState(t.db, e.digest)).toMatchObject({
      revoked: true,
      expiresMs: START_MS,
    });
    const audits = await t.sql(`SELECT 1 FROM audit_log WHERE action = 'chart.revoke' AND subject_id = $1`, [
      e.digest,
    ]);
    expect(audits.length).toBe(1);
  });

  it('is no market chart, whoever asked for that first', async () => {
    const e = entry({ private: false });
    await insertChart(t.db, e);
    for (const by of [userId, otherId, null]) expect(await revoke(e.digest, by)).toBe('public');
    expect(await revoke('none', null)).toBe('unknown');
    expect(await readChartState(t.db, e.digest)).toMatchObject({ revoked: false });
  });
});

describe('the picture of a subject', () => {
  it('is the user’s newest one of candles, and anybody’s only for who reads everything', async () => {
    const desk = await makeDesk(stage);
    const signalId = (await storeSignal(stage, desk.producer.id)).id;
    const tradeId = stage.deps.ids.next();
    const at = (n: number, over: Partial<CatalogueEntry> = {}) =>
      entry({ signalId, createdMs: START_MS + n, ...over });
    const [old, fresh, curve, theirs] = [
      at(1),
      at(2),
      at(3, { chart: { kind: 'renko' } as CatalogueEntry['chart'] }),
      at(4, { userId: otherId }),
    ];
    for (const e of [old, fresh, curve, theirs, entry({ tradeId, signalId: null })])
      await insertChart(t.db, e);
    const mine = { digest: fresh.digest, alt: 'a chart', mine: true, expiresMs: START_MS + DAY_MS };
    expect(await readSubjectChart(t.db, { signalId }, userId, false, START_MS)).toEqual(mine);
    expect(await readSubjectChart(t.db, { signalId }, userId, true, START_MS)).toEqual(mine);
    const stranger = await makeUser(stage);
    expect(await readSubjectChart(t.db, { signalId }, stranger, false, START_MS)).toBeNull();
    expect(await readSubjectChart(t.db, { signalId }, stranger, true, START_MS)).toMatchObject({
      ...{ digest: theirs.digest, mine: false },
    });
    const stays = at(0, { expiresMs: null });
    await insertChart(t.db, stays);
    expect(await readSubjectChart(t.db, { signalId }, userId, false, START_MS + DAY_MS)).toMatchObject({
      ...{ digest: stays.digest, expiresMs: null },
    });
    await revoke(fresh.digest, null);
    expect(await readSubjectChart(t.db, { signalId }, userId, false, START_MS)).toMatchObject({
      digest: old.digest,
    });
    expect(await readSubjectChart(t.db, { tradeId }, userId, false, START_MS)).not.toBeNull();
  });
});

describe('what is expired', () => {
  it('is forgotten with its drawings, and nothing else; what was spent goes by days', async () => {
    const late = START_MS + 40 * DAY_MS;
    const [gone, kept, forever] = [entry(), entry({ expiresMs: late + 1 }), entry({ expiresMs: null })];
    for (const e of [gone, kept, forever]) {
      await insertChart(t.db, e, { cost: 1, daily: 1000 });
      await claimDrawing(t.db, { digest: e.digest, format: 'png' }, START_MS);
    }
    const digests = await readExpiredCharts(t.db, late, 1000);
    expect(digests).toContain(gone.digest);
    expect(digests).not.toContain(kept.digest);
    expect((await readExpiredCharts(t.db, late, 1)).length).toBe(1);
    // One that somebody asked for in between is not expired any more.
    const saved = entry();
    await insertChart(t.db, saved);
    await insertChart(t.db, { ...saved, expiresMs: late + DAY_MS });
    await deleteExpiredCharts(t.db, [...digests, saved.digest], late);
    const left = (await t.sql('SELECT digest FROM charts')).map((r) => r['digest']);
    for (const e of [kept, forever, saved]) expect(left).toContain(e.digest);
    expect(left).not.toContain(gone.digest);
    expect(await t.sql('SELECT 1 FROM chart_drawings WHERE digest = $1', [gone.digest])).toEqual([]);
    expect(await spent()).not.toEqual([]);
    await deletePastCosts(t.db, START_MS + DAY_MS);
    expect(await spent()).not.toEqual([]);
    await deletePastCosts(t.db, START_MS + 2 * DAY_MS);
    expect(await spent()).toEqual([]);
  });
});
