// What a broker calls our instruments, over the whole application: which names a user may give, and that what was done
// under one of them stays what it was.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { putInstrument } from '../../functions/identity/instrument-store.ts';
import { type Asking, askingAs } from '../support/bearer.ts';
import { DeskAtSimulator } from '../support/desk-at-simulator.ts';
import { auditOf, freshMarkets, makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';

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
    expect(await map({})).toEqual([200, []]);
    await instrument('XAGUSD', true);
    expect(await map({ XAUUSD: 'XAGUSD' })).toEqual([422, ['/symbols/XAUUSD']]);
  });
});

describe('an instrument', () => {
  /** `put` as the endpoint answers it, by an admin. */
  const post = async (symbol: string, enabled = true) => {
    const admin = await askingAs(at, await makeUser(at, 'admin'), ['admin']);
    const answer = await admin('POST', '/api/v1/instruments', { symbol, digits: 2, enabled });
    return [answer.status, (await answer.json()) as Record<string, unknown>] as const;
  };
  const isEnabled = async (symbol: string) =>
    (await t.sql('SELECT enabled FROM instruments WHERE symbol = $1', [symbol]))[0]?.['enabled'];
  /** Names of this test alone: others' accounts stay in the database. */
  let names = 0;
  const name = () => {
    names += 1;
    return `GOLD.${names}`;
  };

  it('is not enabled while an account calls another one so, and is told what to do; afterwards it is', async () => {
    const gold = name();
    expect(await map({ XAUUSD: gold })).toEqual([200, []]);
    const [status, said] = await post(gold);
    expect([status, said]).toEqual([
      409,
      expect.objectContaining({
        ...{ type: 'urn:countersign:problem:conflict', account_id: at.desk.account.id, instrument: 'XAUUSD' },
        detail: expect.stringContaining(`trades XAUUSD as ${gold}`),
      }),
    ]);
    expect(await isEnabled(gold)).toBeUndefined();
    const audits = () => t.sql(`SELECT 1 FROM audit_log WHERE subject_id = $1`, [gold]);
    expect(await audits()).toEqual([]);
    // One that is not traded takes nobody's name, and is not enabled later either.
    expect((await post(gold, false))[0]).toBe(201);
    expect((await post(gold))[0]).toBe(409);
    expect(await isEnabled(gold)).toBe(false);
    expect(await map({ XAUUSD: gold, [gold]: `${gold}.spot` })).toEqual([200, []]);
    expect((await post(gold))[0]).toBe(201);
    expect([await isEnabled(gold), (await audits()).length]).toEqual([true, 2]);
  });

  it('is enabled where an account names it by itself, or was released', async () => {
    const [own, former] = [name(), name()];
    expect(await map({ [own]: own })).toEqual([200, []]);
    expect((await post(own))[0]).toBe(201);
    expect(await map({ XAUUSD: former })).toEqual([200, []]);
    expect((await post(former))[0]).toBe(409);
    await t.sql('UPDATE accounts SET released_at = now(), halted = true WHERE id = $1', [at.desk.account.id]);
    expect((await post(former))[0]).toBe(201);
  });

  it('and an account’s name for another never come in together: whoever waits sees who was first', async () => {
    const enables = await makeUser(at, 'admin');
    for (const first of ['account', 'instrument'] as const) {
      const gold = name();
      const gate = await t.connect('owner');
      await gate.query('BEGIN');
      // Whoever holds this row or name keeps the first of the two inside its transaction.
      await gate.query(
        first === 'account'
          ? `SELECT 1 FROM accounts WHERE id = '${at.desk.account.id}' FOR UPDATE`
          : `INSERT INTO instruments VALUES ('${gold}', 2, false, now())`,
      );
      const admin = await askingAs(at, enables, ['admin']);
      const both = {
        account: () => ask('PATCH', `/api/v1/accounts/${at.desk.account.id}`, { symbols: { XAUUSD: gold } }),
        instrument: () => admin('POST', '/api/v1/instruments', { symbol: gold, digits: 2 }),
      };
      const winner = both[first]();
      await untilBlocked(t);
      const loser = both[first === 'account' ? 'instrument' : 'account']();
      await untilBlocked(t, 2);
      await gate.query('COMMIT');
      await gate.end();
      const [won, lost] = [(await winner).status, (await loser).status];
      expect([won, lost]).toEqual(first === 'account' ? [200, 409] : [201, 422]);
    }
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
