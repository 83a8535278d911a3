/**
 * Every case of domain 3.2 in which others' guards have closed accounts for nothing, driven through the simulated broker with
 * a losing position of a person's held: the account stands 14 % below its peak, and a fifth closes it.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GuardDesk } from '../support/guard-desk.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let desk: GuardDesk;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

const MINUTE_MS = 60_000;
const spread = (bid: number, ask = bid + 0.2) => [bid.toFixed(2), ask.toFixed(2)] as const;
/** 20 lots of 100 ounces, bought at 2035.10: 7 dollars are 14,000 of 100,000. */
const LOSING = 2028.1;

beforeEach(async () => {
  desk = await GuardDesk.make(t);
  desk.manual({ symbol: 'XAUUSD', side: 'buy', volume: '20' });
  desk.quote(...spread(LOSING));
  await desk.pass(2 * MINUTE_MS);
  expect((await desk.guard()).phase).toBe('armed');
  expect(Number((await desk.guard()).state['drawdownBps'])).toBeGreaterThan(1_390);
});

/** Nothing was announced, nothing closed, and entries are taken again. */
async function expectNoTrip(): Promise<void> {
  expect(await desk.trips()).toEqual([]);
  expect((await desk.alerts()).filter((kind) => kind !== 'guard-warn-level')).toEqual([]);
  expect(desk.book().positions).toHaveLength(1);
  expect((await desk.guard()).phase).toBe('armed');
}
const drawdown = async () => Number((await desk.guard()).state['drawdownBps']);
const control = (path: string, body: object) => desk.at.control(path, { login: desk.login, ...body });
const fault = (kind: string, times = 1) => control('/fault', { kind, on: 'snapshot', times });
const account = () => {
  const found = desk.at.host.engine.account(desk.login);
  return { balance: Number(found.balance), credit: Number(found.credit) };
};
/** A row of the broker's own account, changed as nothing that trades would. */
function tamper(change: object): void {
  const { engine } = desk.at.host;
  const row = engine.account(desk.login);
  engine.transact(() => engine.state.put('account', desk.login, { ...row, ...change }));
}

describe('prices', () => {
  it('bad tick: one quote far below, at the very moment of a sample', async () => {
    await desk.pass(2 * MINUTE_MS, (ms) => spread(ms === MINUTE_MS ? LOSING - 25 : LOSING));
    expect(await desk.verdicts()).toContain('price-jump');
    await expectNoTrip();
  });

  it('bad tick: one within what a price may move, that would be a fifth', async () => {
    await desk.pass(2 * MINUTE_MS, (ms) => spread(ms === MINUTE_MS ? LOSING - 4 : LOSING));
    expect(await desk.verdicts()).toContain('breach');
    await expectNoTrip();
  });

  it('spread spike: the bid alone falls away for a sample', async () => {
    await desk.pass(2 * MINUTE_MS, (ms) =>
      ms === MINUTE_MS ? spread(LOSING - 4, LOSING + 4) : spread(LOSING),
    );
    await expectNoTrip();
  });

  it('peak on a bad tick: one quote far above is no peak to fall from', async () => {
    await desk.pass(3 * MINUTE_MS, (ms) => spread(ms === MINUTE_MS ? LOSING + 15 : LOSING));
    expect(await drawdown()).toBeLessThan(1_500);
    await expectNoTrip();
  });

  it('market closed: the last price shows a breach, and no newer one comes', async () => {
    desk.quote(...spread(LOSING - 4));
    desk.quoted = false;
    desk.at.control('/symbols', { symbol: 'XAUUSD', market: 'closed' });
    await desk.pass(5 * MINUTE_MS);
    expect((await desk.guard()).phase).toBe('suspect');
    expect(await desk.trips()).toEqual([]);
    // It opens where it was before: entries are taken again.
    desk.at.control('/symbols', { symbol: 'XAUUSD', market: 'open' });
    desk.quoted = true;
    desk.quote(...spread(LOSING));
    await desk.pass(2 * MINUTE_MS);
    await expectNoTrip();
  });
});

describe('snapshots', () => {
  it('zeros after a disconnect: equity nought while the balance stands', async () => {
    // Sections that could not be read, then an account whose figures are there and are none.
    fault('failed:account', 3);
    await desk.pass(2 * MINUTE_MS);
    fault('failed:positions', 3);
    await desk.pass(2 * MINUTE_MS);
    fault('disconnected', 3);
    await desk.pass(2 * MINUTE_MS);
    await expectNoTrip();
  });

  it('stale snapshot: an old picture of a worse moment is brought again', async () => {
    fault('stale', 2);
    await desk.pass(2 * MINUTE_MS);
    await expectNoTrip();
  });

  it('torn snapshot: positions and account of two moments', async () => {
    fault('torn', 3);
    await desk.pass(2 * MINUTE_MS);
    await expectNoTrip();
  });

  it('account switch: the terminal is logged in to one that is worth a tenth', async () => {
    desk.at.control('/accounts', {
      ...{ login: '555', server: 'Demo-1', currency: 'USD', margin_mode: 'hedging', balance: '10000' },
    });
    fault('switch:555', 4);
    await desk.pass(3 * MINUTE_MS);
    await expectNoTrip();
  });

  it('currency change: the same figures in another money', async () => {
    const { outbound } = desk.at.deps;
    let asked = 0;
    // As the terminal shows it alone: at the broker it stays what it is.
    desk.at.deps.outbound = async (request) => {
      asked += 1;
      tamper({ currency: 'JPY' });
      const reply = await outbound(request);
      tamper({ currency: 'USD' });
      return reply;
    };
    await desk.pass(2 * MINUTE_MS);
    expect(asked).toBeGreaterThan(1);
    desk.at.deps.outbound = outbound;
    await desk.pass(2 * MINUTE_MS);
    await expectNoTrip();
  });
});

describe('money that is no result', () => {
  it.each([
    ['deposit', '/deposit', '100000'],
    ['withdrawal', '/deposit', '-30000'],
    ['credit', '/credit', '40000'],
  ])('%s: the drawdown stays', async (_what, path, amount) => {
    const before = await drawdown();
    control(path, { amount });
    await desk.pass(3 * MINUTE_MS);
    expect(Math.abs((await drawdown()) - before)).toBeLessThan(2);
    await expectNoTrip();
  });

  it('credit expiry: what was lent is taken back', async () => {
    control('/credit', { amount: '40000' });
    await desk.pass(2 * MINUTE_MS);
    const before = await drawdown();
    control('/credit', { amount: '-40000' });
    await desk.pass(2 * MINUTE_MS);
    expect(Math.abs((await drawdown()) - before)).toBeLessThan(2);
    await expectNoTrip();
  });

  it.each([
    ['late: its deal comes one snapshot after the money', '-30000', 'late'],
    ['late: a deposit’s deal comes one snapshot after the money', '60000', 'late'],
    ['early: its deal comes one snapshot before the money', '-30000', 'early'],
    ['early: a deposit’s deal comes one snapshot before the money', '60000', 'early'],
    ['doubled: the same deal is brought by two snapshots', '-30000', 'doubled'],
  ])('a flow that is %s', async (_what, amount, how) => {
    const before = await drawdown();
    const { balance } = account();
    control('/deposit', { amount });
    if (how === 'late') fault('empty_history', 1);
    if (how === 'doubled') fault('duplicate', 2);
    if (how === 'early') tamper({ balance: String(balance) });
    const moneyMs = how === 'early' ? 30_500 : 0;
    await desk.pass(MINUTE_MS, (ms) => {
      if (ms === moneyMs) tamper({ balance: String(balance + Number(amount)) });
      return spread(LOSING);
    });
    await desk.pass(3 * MINUTE_MS);
    expect(Math.abs((await drawdown()) - before)).toBeLessThan(2);
    await expectNoTrip();
  });

  it('swap at rollover: a night costs what it costs', async () => {
    const toEveningMs = 11 * 60 * MINUTE_MS;
    await desk.pass(toEveningMs, () => spread(LOSING), toEveningMs);
    await desk.pass(2 * 60 * MINUTE_MS, () => spread(LOSING), 5 * MINUTE_MS);
    expect(Number(desk.book().positions[0]?.['swap'])).not.toBe(0);
    await expectNoTrip();
  });
});

describe('positions', () => {
  it('hedged pair: a spread that goes apart on both sides for a sample', async () => {
    desk.manual({ symbol: 'XAUUSD', side: 'sell', volume: '20' });
    await desk.pass(MINUTE_MS);
    await desk.pass(2 * MINUTE_MS, (ms) =>
      ms === MINUTE_MS ? spread(LOSING - 2, LOSING + 2.2) : spread(LOSING),
    );
    expect(await desk.trips()).toEqual([]);
    expect(desk.book().positions).toHaveLength(2);
    expect((await desk.guard()).phase).toBe('armed');
  });
});
