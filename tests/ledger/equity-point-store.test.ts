import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KEPT_WHOLE_MS } from '../../functions/ledger/equity-point-store.ts';
import { pruneEquityPoints } from '../../functions/ledger/prune-equity-points.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { plain, sum } from '../../functions/platform/decimal.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { wirePosition } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
});
afterAll(() => t?.drop());

const stored = async (): Promise<string[]> =>
  (
    await t.sql('SELECT at, balance, credit, equity FROM equity_points WHERE account_id = $1 ORDER BY at', [
      at.desk.account.id,
    ])
  ).map((row) => ['balance', 'credit', 'equity'].map((name) => plain(String(row[name]))).join(' '));

describe('a snapshot', () => {
  const seen = async (balance: string, over: { credit?: string; floating?: string } = {}) => {
    at.deps.clock.advance(MINUTE_MS);
    const { credit = '0', floating = '0' } = over;
    const equity = sum([balance, credit, floating]);
    const open = wirePosition({
      identifier: '7',
      magic: '0',
      atMs: at.deps.clock.nowMs(),
      profit: floating,
      swap: '0',
    });
    at.answer({
      account: { balance, credit, equity, profit: floating },
      positions: floating === '0' ? [] : [open],
    });
    return (await at.run()).outcome;
  };

  it('leaves what the account was worth where that changed, and once a day where it did not', async () => {
    for (const balance of ['1000', '1000', '1000', '1010.5', '1010.5', '1000']) await seen(balance);
    expect(await stored()).toEqual(['1000 0 1000', '1010.5 0 1010.5', '1000 0 1000']);
    await seen('1000', { credit: '50' });
    expect(await seen('1000', { credit: '50', floating: '-10' })).toBe('applied');
    expect((await stored()).slice(3)).toEqual(['1000 50 1050', '1000 50 1040']);
    at.deps.clock.advance(DAY_MS - 2 * MINUTE_MS);
    await seen('1000', { credit: '50', floating: '-10' });
    expect(await stored()).toHaveLength(5);
    await seen('1000', { credit: '50', floating: '-10' });
    expect(await stored()).toHaveLength(6);
  });

  it('leaves with it what its deals have booked and brought in flows by then, its own too', async () => {
    const deposit = at.opening({
      ...{
        ticket: '1',
        order: '0',
        position_id: '0',
        type: 'balance',
        entry: null,
        symbol: '',
        volume: '0',
        price: '0',
      },
      ...{ profit: '1000', commission: '0', swap: '0', fee: '0' },
    });
    const say = async (balance: string, deals: object[]) => {
      at.deps.clock.advance(MINUTE_MS);
      at.answer({ account: { balance, equity: balance, profit: '0' }, deals });
      expect((await at.run()).outcome).toBe('applied');
    };
    await say('1000', []);
    // Told later than its money was there: a point of its own, though the account is worth the same.
    await say('1000', [deposit]);
    await say('1000', [deposit]);
    await say('1020', [deposit, at.opening({ profit: '20', commission: '0', swap: '0', fee: '0' })]);
    const rows = await t.sql(
      'SELECT balance::float8, booked::float8, flowed::float8 FROM equity_points WHERE account_id = $1 ORDER BY at',
      [at.desk.account.id],
    );
    expect(rows.map((row) => [row['balance'], row['booked'], row['flowed']])).toEqual([
      [1_000, 0, 0],
      [1_000, 1_000, 1_000],
      [1_020, 1_020, 1_000],
    ]);
  });

  it('that no gate lets through leaves nothing', async () => {
    await seen('1000');
    at.answer({ account: { balance: '1000', equity: '5000', profit: '0' } });
    expect((await at.run()).outcome).toBe('snapshot-torn');
    at.answer({ account: { login: '999999999', balance: '7', equity: '7', profit: '0' } });
    expect((await at.run()).outcome).not.toBe('applied');
    expect(await stored()).toEqual(['1000 0 1000']);
  });
});

describe('old points', () => {
  /** A point every minute for so many hours from a whole hour on; equity goes up and down. */
  const fill = (fromMs: number, hours: number) =>
    t.sql(
      `INSERT INTO equity_points SELECT $1::uuid, $2::timestamptz + n * interval '1 minute', 1000, 0, 1000 + (n * 37 + 20) % 61
       FROM generate_series(0, $3::int) AS n`,
      [at.desk.account.id, isoTime(fromMs), hours * 60 - 1],
    );
  const equities = async () => (await stored()).map((row) => Number(row.split(' ')[2]));
  /** The schedule comes in this minute of the next day; every account has one. */
  const runIn = async (minute: number) => {
    const day = Math.floor(at.deps.clock.nowMs() / DAY_MS) + 1;
    at.deps.clock.set(day * DAY_MS + minute * MINUTE_MS);
    await pruneEquityPoints(at.deps);
  };
  const ownMinute = () => Number.parseInt(at.desk.account.id.slice(-4), 16) % 1440;

  it('of an hour are its first, highest, lowest and last; what is younger stays whole', async () => {
    const old = Math.floor((at.deps.clock.nowMs() - KEPT_WHOLE_MS - 2 * DAY_MS) / HOUR_MS) * HOUR_MS;
    await fill(old, 2);
    await fill(at.deps.clock.nowMs(), 1);
    const [first = [], second = [], young = []] = [0, 60, 120].map(
      (
        (all) => (n: number) =>
          all.slice(n, n + 60)
      )(await equities()),
    );
    await runIn((ownMinute() + 1) % 1440);
    expect(await equities()).toEqual([...first, ...second, ...young]);
    await runIn(ownMinute());
    const four = (hour: number[]) => {
      const kept = [0, hour.indexOf(Math.max(...hour)), hour.indexOf(Math.min(...hour)), hour.length - 1];
      return hour.filter((_, n) => kept.includes(n));
    };
    expect(four(first)).toHaveLength(4);
    expect(await equities()).toEqual([...four(first), ...four(second), ...young]);
    await runIn(ownMinute());
    expect(await equities()).toEqual([...four(first), ...four(second), ...young]);
  });

  it('of each part of an hour between two flows, so that no flow takes its extremes for its own', async () => {
    const old = Math.floor((at.deps.clock.nowMs() - KEPT_WHOLE_MS - 2 * DAY_MS) / HOUR_MS) * HOUR_MS;
    // Minutes 20 to 39 hold 500 more; then that goes again.
    await t.sql(
      `INSERT INTO equity_points SELECT $1::uuid, $2::timestamptz + n * interval '1 minute', 1000 + f, 0, 1000 + f + (n * 37 + 20) % 61,
         1000 + f, 1000 + f FROM generate_series(0, 59) AS n, LATERAL (SELECT CASE WHEN n / 20 = 1 THEN 500 ELSE 0 END AS f) AS x`,
      [at.desk.account.id, isoTime(old)],
    );
    const all = await equities();
    await runIn(ownMinute());
    const four = (part: number[]) => {
      const kept = [0, part.indexOf(Math.max(...part)), part.indexOf(Math.min(...part)), part.length - 1];
      return part.filter((_, n) => kept.includes(n));
    };
    const parts = [0, 20, 40].flatMap((n) => four(all.slice(n, n + 20)));
    expect(parts.length).toBeGreaterThan(9);
    expect(await equities()).toEqual(parts);
  });
});
