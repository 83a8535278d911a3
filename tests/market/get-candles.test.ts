// Bars as a user asks for them, over the whole application and the simulated broker.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putInstrument } from '../../functions/identity/instrument-store.ts';
import { createCircuitBreaker } from '../../functions/platform/circuit-breaker.ts';
import { type Asking, askingAs } from '../support/bearer.ts';
import { DeskAtSimulator } from '../support/desk-at-simulator.ts';
import { auditOf, freshMarkets } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

type Bar = { time: string; open: string; high: string; low: string; close: string };
const HOUR_MS = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();

let t: TestDatabase;
let at: DeskAtSimulator;
let ask: Asking;
beforeAll(async () => {
  t = await createTestDatabase();
  at = await DeskAtSimulator.make(t);
  ask = await askingAs(at, at.desk.userId, ['trading:act', 'trading:read']);
});
afterAll(() => t?.drop());

const get = async (query: Record<string, string>): Promise<{ candles: Bar[]; complete: boolean }> => {
  const answer = await ask(
    'GET',
    `/api/v1/candles?${new URLSearchParams({ instrument: 'XAUUSD', ...query })}`,
  );
  expect(answer.status).toBe(200);
  return answer.json() as Promise<{ candles: Bar[]; complete: boolean }>;
};

describe('bars on a clock that is half an hour off', () => {
  it.each([
    ['Asia/Kolkata', 30],
    ['+05:30', 30],
    ['Asia/Kathmandu', 15],
  ])('of %s are made of bars that begin where they do', async (tz, minutes) => {
    // Bars of four hours begin at 10:30 UTC where it is then 16:00, and at 10:15 where it is 16:00 there.
    const [from, to] = [`2026-02-26T10:${minutes}:00Z`, `2026-02-26T18:${minutes}:00Z`];
    const [first, second, ...more] = (await get({ timeframe: 'H4', tz, from, to })).candles;
    expect(more).toEqual([]);
    const parts = (await get({ timeframe: `M${minutes}`, from, to: `2026-02-26T14:${minutes}:00Z` })).candles;
    expect(parts).toHaveLength(240 / minutes);
    expect(first).toMatchObject({
      ...{ time: iso(Date.parse(from)), open: parts[0]?.open, close: parts.at(-1)?.close },
      high: String(Math.max(...parts.map((p) => Number(p.high)))),
      low: String(Math.min(...parts.map((p) => Number(p.low)))),
    });
    expect(second?.time).toBe(iso(Date.parse(from) + 4 * HOUR_MS));
  });

  it('are limited by what they are made of', async () => {
    const of = { instrument: 'XAUUSD', timeframe: 'D1', from: '2019-01-07T00:00:00Z' };
    const status = async (tz: string, days: number) => {
      const to = iso(Date.parse(of.from) + days * 24 * HOUR_MS);
      return (await ask('GET', `/api/v1/candles?${new URLSearchParams({ ...of, tz, to })}`)).status;
    };
    expect(await status('+05:30', 418)).toBe(422);
    expect(await status('+05:00', 418)).toBe(200);
  });
});

describe('bars of an instrument that the broker does not know', () => {
  it('are none, and asking for them again and again holds up no order', async () => {
    at.deps.breaker = createCircuitBreaker({ redis: null, clock: at.deps.clock });
    const unknown = { symbol: 'DE40', digits: 1, enabled: true };
    await putInstrument(t.db, unknown, at.deps.clock.nowMs(), auditOf(at.deps, 'DE40'));
    const day = (n: number) => iso(Date.parse('2026-02-10T00:00:00Z') + n * 24 * HOUR_MS);
    for (let n = 0; n < 8; n += 1) {
      const of = { instrument: 'DE40', timeframe: 'H1', from: day(n), to: day(n + 1) };
      expect((await ask('GET', `/api/v1/candles?${new URLSearchParams(of)}`)).status).toBe(503);
    }
    expect((await at.reconcile()).outcome).toBe('applied');
    await freshMarkets(at);
    expect((await at.approve()).command).toMatchObject({ state: 'done' });
  });
});

describe('bars of an instrument that the broker comes to call otherwise', () => {
  const [from, to] = ['2026-02-25T08:00:00Z', '2026-02-25T12:00:00Z'];
  const map = async (symbols: Record<string, string>) => {
    const answer = await ask('PATCH', `/api/v1/accounts/${at.desk.account.id}`, { symbols });
    expect(answer.status).toBe(200);
  };
  const closes = async (until = to) =>
    (await get({ timeframe: 'H1', from, to: until })).candles.map((c) => c.close);

  it('are of one symbol throughout, and the other’s come back with its name', async () => {
    const gold = await closes();
    await map({ XAUUSD: 'XAGUSD' });
    const longer = '2026-02-25T16:00:00Z';
    const silver = await closes(longer);
    expect([gold.length, silver.length]).toEqual([4, 8]);
    expect(Math.max(...silver.map(Number)) * 10).toBeLessThan(Math.min(...gold.map(Number)));
    await map({});
    expect((await closes(longer)).slice(0, 4)).toEqual(gold);
  });
});
