// What a broker calls our instruments, over the whole application: which names a user may give, and that what was done
// under one of them stays what it was.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { putInstrument } from '../../functions/identity/instrument-store.ts';
import { type Asking, askingAs } from '../support/bearer.ts';
import { DeskAtSimulator } from '../support/desk-at-simulator.ts';
import { auditOf, freshMarkets } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let at: DeskAtSimulator;
let ask: Asking;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());
beforeEach(async () => {
  at = await DeskAtSimulator.make(t);
  ask = await askingAs(at, at.desk.userId, ['trading:act', 'trading:read']);
});

const map = async (symbols: Record<string, string>) => {
  const answer = await ask('PATCH', `/api/v1/accounts/${at.desk.account.id}`, { symbols });
  const said = (await answer.json()) as { errors?: { pointer: string; detail: string }[] };
  return [answer.status, said.errors?.map((e) => e.pointer) ?? []];
};
const stored = async () =>
  (await t.sql('SELECT symbols FROM accounts WHERE id = $1', [at.desk.account.id]))[0]?.['symbols'];
const instrument = (symbol: string, enabled: boolean) =>
  putInstrument(t.db, { symbol, digits: 2, enabled }, at.deps.clock.nowMs(), auditOf(at.deps, symbol));

describe('the broker’s name of an instrument', () => {
  it('cannot be another instrument that keeps its own name', async () => {
    expect(await map({ EURUSD: 'XAUUSD' })).toEqual([422, ['/symbols/EURUSD']]);
    expect(await map({ GBPUSD: 'GBPUSD.x', EURUSD: 'XAUUSD' })).toEqual([422, ['/symbols/EURUSD']]);
    expect(await stored()).toEqual({});
    const audits = await t.sql(
      `SELECT 1 FROM audit_log WHERE subject_id = $1 AND action = 'account.update'`,
      [at.desk.account.id],
    );
    expect(audits).toEqual([]);
  });

  it('may be where that one is called otherwise, is none of ours, or is not traded', async () => {
    await instrument('XAGUSD', false);
    const sound: Record<string, string>[] = [
      { EURUSD: 'XAUUSD', XAUUSD: 'GOLD.m' },
      { EURUSD: 'XAUUSD', XAUUSD: 'EURUSD' },
      { XAUUSD: 'XAUUSD', EURUSD: 'EURUSD.x' },
      { XAUUSD: 'XAGUSD' },
    ];
    for (const symbols of sound) {
      expect(await map(symbols), JSON.stringify(symbols)).toEqual([200, []]);
      expect(await stored()).toEqual(symbols);
    }
    await instrument('XAGUSD', true);
    expect(await map({ XAUUSD: 'XAGUSD' })).toEqual([422, ['/symbols/XAUUSD']]);
  });
});

describe('what was done under one name', () => {
  const shown = async (list: string): Promise<unknown[]> => {
    const answer = (await (await ask('GET', `/api/v1/${list}`)).json()) as {
      items: { account_id: string; instrument: string }[];
    };
    return answer.items.filter((o) => o.account_id === at.desk.account.id).map((o) => o.instrument);
  };

  it('stays of the instrument that the signal named, whatever the name stands for afterwards', async () => {
    await at.reconcile();
    await freshMarkets(at);
    expect((await at.approve()).command).toMatchObject({ state: 'done', symbol: 'XAUUSD' });
    await at.reconcile();
    const everywhere = async () => [await shown('orders'), await shown('positions'), await shown('trades')];
    expect(await everywhere()).toEqual([['XAUUSD'], ['XAUUSD'], ['XAUUSD']]);
    expect(await map({ EURUSD: 'XAUUSD', XAUUSD: 'GOLD.m' })).toEqual([200, []]);
    expect(await everywhere()).toEqual([['XAUUSD'], ['XAUUSD'], ['XAUUSD']]);
    expect(await shown('trades?instrument=XAUUSD')).toEqual(['XAUUSD']);
    expect(await shown('trades?instrument=EURUSD')).toEqual([]);
  });
});
