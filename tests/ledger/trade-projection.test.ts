import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTradeDeal } from '../../functions/ledger/deal-class.ts';
import { type Deal, inBrokerOrder, projectTrades } from '../../functions/ledger/trade-projection.ts';
import { compare, sum } from '../../functions/platform/decimal.ts';
import { caseCensus, runs } from '../support/property.ts';
import { CENTS, deal, OPENED_MS, onlyTrade, positionLife } from './deal-facts.ts';

const exit = (changes: Partial<Deal> = {}): Deal =>
  deal({
    ticket: '5002',
    entry: 'out',
    type: 'sell',
    timeMs: OPENED_MS + 1000,
    reason: 'tp',
    magic: '0',
    ...changes,
  });

describe('a trade', () => {
  it('is open with its first fill, at its price and volume, costs booked', () => {
    expect(onlyTrade([deal({ commission: '-3.5' })], true)).toEqual({
      positionId: '1001',
      episode: 0,
      symbol: 'EURUSD',
      side: 'buy',
      status: 'open',
      volume: '1',
      volumeOpen: '1',
      entryPrice: '1.1',
      exitPrice: null,
      profit: '0',
      swap: '0',
      commission: '-3.5',
      fee: '0',
      net: '-3.5',
      openedMs: OPENED_MS,
      closedMs: null,
      exitReason: null,
      closedBy: null,
      opening: [deal({ commission: '-3.5' })],
      legs: [],
    });
  });

  it('filled in parts is one trade at the volume-weighted price', () => {
    const fills = [
      deal({ volume: '0.3', price: '1.10000' }),
      deal({ ticket: '5002', volume: '0.1', price: '1.10010', timeMs: OPENED_MS + 5 }),
    ];
    expect(onlyTrade(fills, true)).toMatchObject({
      volume: '0.4',
      volumeOpen: '0.4',
      entryPrice: '1.100025',
      openedMs: OPENED_MS,
      status: 'open',
    });
  });

  it('closed in part stays open with what is left, at the same entry price', () => {
    const trade = onlyTrade([deal(), exit({ volume: '0.4', price: '1.2', profit: '40' })], true);
    expect(trade).toMatchObject({
      status: 'open',
      volume: '1',
      volumeOpen: '0.6',
      entryPrice: '1.1',
      exitPrice: '1.2',
      profit: '40',
      closedMs: null,
      exitReason: null,
    });
  });

  it('is closed by the deal that takes out the rest: its time, its reason, all the money', () => {
    const deals = [
      deal({ commission: '-3.5' }),
      exit({ volume: '0.4', price: '1.2', profit: '40', commission: '-1.4', reason: 'client' }),
      exit({
        ticket: '5003',
        volume: '0.6',
        price: '1.05',
        profit: '-30',
        swap: '-0.7',
        fee: '-0.1',
        timeMs: OPENED_MS + 9000,
        reason: 'sl',
      }),
    ];
    expect(onlyTrade(deals, false)).toMatchObject({
      status: 'closed',
      volume: '1',
      volumeOpen: '0',
      exitPrice: '1.11',
      profit: '10',
      swap: '-0.7',
      commission: '-4.9',
      fee: '-0.1',
      net: '4.3',
      closedMs: OPENED_MS + 9000,
      exitReason: 'sl',
    });
  });

  it.each(['sl', 'tp', 'so', 'client', 'mobile', 'web', 'expert'])(
    'closed by %s says so: the reason is the truth and not the distance of the price',
    (reason) => {
      expect(onlyTrade([deal(), exit({ reason, price: '0.5' })], false)).toMatchObject({
        exitReason: reason,
      });
    },
  );

  it('whose position is gone without its exits is never taken for closed, and has no invented price', () => {
    expect(onlyTrade([deal()], false)).toMatchObject({
      status: 'closing_unconfirmed',
      volumeOpen: '1',
      exitPrice: null,
      closedMs: null,
    });
  });

  it('of a sale is a sale, and is closed by purchases', () => {
    const trade = onlyTrade([deal({ type: 'sell' }), exit({ type: 'buy' })], false);
    expect(trade).toMatchObject({ side: 'sell', status: 'closed' });
  });

  it('closed by an opposite position is closed by its OUT_BY deal', () => {
    expect(onlyTrade([deal(), exit({ entry: 'out_by' })], false)).toMatchObject({
      status: 'closed',
      exitPrice: '1.1',
    });
  });

  it('begins its next life where the rest of an order fills under the same number after a close', () => {
    const late = deal({ ticket: '5003', volume: '0.5', price: '1.3', timeMs: OPENED_MS + 2000 });
    const [first, second, ...more] = projectTrades([deal(), exit(), late], true, CENTS);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ episode: 0, status: 'closed', volume: '1', closedMs: OPENED_MS + 1000 });
    expect(second).toMatchObject({
      episode: 1,
      status: 'open',
      volume: '0.5',
      volumeOpen: '0.5',
      entryPrice: '1.3',
      openedMs: OPENED_MS + 2000,
      closedMs: null,
      exitReason: null,
      legs: [],
    });
  });
});

describe('deals that are not trades', () => {
  it.each([
    ['deposit', { type: 'balance', entry: 'in' as const, positionId: '0', symbol: '', profit: '10000' }],
    [
      'deposit without an entry',
      { type: 'balance', entry: null, positionId: '0', symbol: '', profit: '10000' },
    ],
    ['credit', { type: 'credit', entry: 'in' as const }],
    ['commission of a day', { type: 'commission_daily', entry: 'in' as const }],
    ['cancelled purchase', { type: 'buy_canceled', entry: 'in' as const }],
    ['roll-over', { reason: 'rollover' }],
    ['variation margin', { reason: 'vmargin' }],
    ['split', { reason: 'split' }],
    ['corporate action', { reason: 'corporate_action' }],
  ])('a %s opens nothing, whatever its entry says', (_what, changes) => {
    expect(isTradeDeal(deal(changes))).toBe(false);
    expect(onlyTrade([deal(changes)], true)).toBeNull();
  });

  it('a technical deal is money and neither volume nor price', () => {
    const roll = deal({
      ticket: '5002',
      reason: 'rollover',
      volume: '9',
      price: '9',
      swap: '-2',
      timeMs: OPENED_MS + 500,
    });
    expect(onlyTrade([deal(), roll, exit()], false)).toMatchObject({
      status: 'closed',
      volume: '1',
      entryPrice: '1.1',
      swap: '-2',
      net: '-2',
    });
  });

  it('a deal of no volume is money alone, and opens and closes nothing', () => {
    const nothing = { volume: '0', commission: '-1' };
    expect(onlyTrade([deal(nothing)], true)).toBeNull();
    const [opened, closed] = [deal({ ...nothing, ticket: '5003' }), exit({ ...nothing, ticket: '5004' })];
    expect(onlyTrade([deal(), opened, closed], true)).toMatchObject({ status: 'open', net: '-2', legs: [] });
  });

  it('an exit alone is no trade: nothing is invented about an opening that nobody saw', () => {
    expect(onlyTrade([exit()], false)).toBeNull();
    expect(onlyTrade([], true)).toBeNull();
  });

  it('an exit that a clock set back has dated before its opening closes it all the same', () => {
    const early = { timeMs: OPENED_MS - 3_600_000, profit: '7', reason: 'client' };
    const part = exit({ ...early, volume: '0.4' });
    expect(onlyTrade([deal(), part], true)).toMatchObject({ status: 'open', volumeOpen: '0.6', net: '7' });
    const rest = exit({ ticket: '5003', volume: '0.6', reason: 'sl' });
    expect(onlyTrade([rest, part, deal()], false)).toMatchObject({ status: 'closed', exitReason: 'sl' });
  });
});

describe('the broker’s order', () => {
  it('is by ticket as a number, whatever the server’s clock said', () => {
    const tickets = ['100', '99', '9', '1000'].map((ticket) => deal({ ticket }));
    expect(
      inBrokerOrder([...tickets, deal({ ticket: '2000', timeMs: OPENED_MS - 1 })]).map((d) => d.ticket),
    ).toEqual(['9', '99', '100', '1000', '2000']);
  });
});

describe('any life of a position', () => {
  it('gives one trade, whatever the order of its facts, with every cent and every lot in it', () => {
    const census = caseCensus(
      'closed',
      'open',
      'gone',
      'several fills',
      'several exits',
      'technical deal',
      'one moment',
    );
    const scene = positionLife('77').chain((life) =>
      fc.record({
        life: fc.constant(life),
        shuffled: fc.shuffledSubarray(life.deals, { minLength: life.deals.length }),
        atBroker: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(scene, ({ life, shuffled, atBroker }) => {
        const trade = onlyTrade(life.deals, atBroker);
        expect(onlyTrade(shuffled, atBroker), 'order does not matter').toEqual(trade);
        if (trade === null) throw new Error('an opened position is a trade');
        const money = (key: 'profit' | 'swap' | 'commission' | 'fee') => sum(life.deals.map((d) => d[key]));
        expect(trade).toMatchObject({
          profit: money('profit'),
          swap: money('swap'),
          commission: money('commission'),
          fee: money('fee'),
          net: sum(life.deals.flatMap((d) => [d.profit, d.swap, d.commission, d.fee])),
        });
        const legs = (key: 'net' | 'profit' | 'swap' | 'commission' | 'fee') =>
          sum(trade.legs.map((l) => l[key]));
        if (life.left === 0)
          for (const key of ['net', 'profit', 'swap', 'commission', 'fee'] as const)
            expect(legs(key), `legs sum up to ${key}`).toBe(trade[key]);
        expect(compare(sum(trade.legs.map((l) => l.volume)), String((life.filled - life.left) / 100))).toBe(
          0,
        );
        expect(compare(trade.volume, String(life.filled / 100))).toBe(0);
        expect(compare(trade.volumeOpen, String(life.left / 100))).toBe(0);
        const status = life.left === 0 ? 'closed' : atBroker ? 'open' : 'closing_unconfirmed';
        expect(trade.status).toBe(status);
        expect(trade.closedMs === null).toBe(status !== 'closed');
        census.note('closed', status === 'closed');
        census.note('open', status === 'open');
        census.note('gone', status === 'closing_unconfirmed');
        census.note('several fills', life.deals.filter((d) => isTradeDeal(d) && d.entry === 'in').length > 1);
        census.note('several exits', life.deals.filter((d) => d.entry === 'out').length > 1);
        census.note(
          'technical deal',
          life.deals.some((d) => !isTradeDeal(d)),
        );
        census.note('one moment', new Set(life.deals.map((d) => d.timeMs)).size < life.deals.length);
      }),
      runs(500),
    );
    census.expectAllMet();
  });
});
