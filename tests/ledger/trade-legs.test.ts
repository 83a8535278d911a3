// What closes, in parts, by a reversal or another position, and is taken back: lives of a position and their legs.
import { describe, expect, it } from 'vitest';
import { type Deal, projectTrades } from '../../functions/ledger/trade-projection.ts';
import { sum } from '../../functions/platform/decimal.ts';
import { CENTS, deal, OPENED_MS, onlyTrade } from './deal-facts.ts';

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

describe('a reversal on a netting account', () => {
  const turn = deal({
    ticket: '5002',
    type: 'sell',
    entry: 'inout',
    volume: '1.5',
    price: '1.2',
    profit: '100',
    swap: '-0.3',
    commission: '-3',
    fee: '-0.1',
    timeMs: OPENED_MS + 1000,
    reason: 'client',
  });

  it('closes what was open with its profit and swap, and opens the rest on the other side', () => {
    const [first, second] = projectTrades([deal({ commission: '-2' }), turn], true, CENTS);
    expect(first).toMatchObject({
      episode: 0,
      side: 'buy',
      status: 'closed',
      exitPrice: '1.2',
      exitReason: 'client',
      profit: '100',
      swap: '-0.3',
      commission: '-4',
      fee: '-0.07',
      legs: [{ dealTicket: '5002', leg: 1, volume: '1', profit: '100', commission: '-4' }],
    });
    expect(second).toMatchObject({
      episode: 1,
      side: 'sell',
      status: 'open',
      volume: '0.5',
      volumeOpen: '0.5',
      entryPrice: '1.2',
      exitPrice: null,
      profit: '0',
      swap: '0',
      commission: '-1',
      fee: '-0.03',
      legs: [],
    });
  });

  it('goes on from what earlier exits had left', () => {
    const partly = exit({ ticket: '5001', volume: '0.4', timeMs: OPENED_MS + 500 });
    const [first, second] = projectTrades([deal({ ticket: '5000' }), partly, turn], true, CENTS);
    expect(first?.legs.map((l) => [l.dealTicket, l.volume])).toEqual([
      ['5001', '0.4'],
      ['5002', '0.6'],
    ]);
    expect(second).toMatchObject({ volumeOpen: '0.9', exitPrice: null });
  });

  it('ends as any trade does', () => {
    const back = exit({
      ticket: '5003',
      type: 'buy',
      volume: '0.5',
      price: '1.15',
      timeMs: OPENED_MS + 2000,
      reason: 'client',
    });
    expect(projectTrades([deal(), turn, back], false, CENTS)[1]).toMatchObject({
      side: 'sell',
      status: 'closed',
      volumeOpen: '0',
      exitPrice: '1.15',
      closedMs: OPENED_MS + 2000,
    });
  });

  it('of a position that nobody saw open is no trade: how much of it closed cannot be told', () => {
    expect(projectTrades([turn], true, CENTS)).toEqual([]);
  });
});

describe('legs', () => {
  it('carry the cost of the entry by volume, and the last of them what is left over', () => {
    const out = (ticket: string, volume: string, more: Partial<Deal> = {}) =>
      exit({ ticket, volume, timeMs: OPENED_MS + Number(ticket), ...more });
    const deals = [
      deal({ volume: '3', commission: '-10' }),
      out('5002', '1', { profit: '7', commission: '-1' }),
      out('5003', '1', { profit: '5' }),
      out('5004', '1', { profit: '-2', swap: '-0.4' }),
    ];
    const trade = onlyTrade(deals, false);
    expect(trade?.legs.map((l) => [l.leg, l.commission, l.net])).toEqual([
      [1, '-4.33', '2.67'],
      [2, '-3.34', '1.66'],
      [3, '-3.33', '-5.73'],
    ]);
    expect(sum(trade?.legs.map((l) => l.net) ?? [])).toBe(trade?.net);
    expect(trade?.net).toBe('-1.4');
  });

  it('leave with an open trade what its open volume has cost so far', () => {
    const trade = onlyTrade(
      [deal({ volume: '4', commission: '-8' }), exit({ volume: '1', profit: '3' })],
      true,
    );
    expect(trade).toMatchObject({ net: '-5', legs: [{ commission: '-2', net: '1' }] });
  });

  it('share to the digits of the currency', () => {
    const deals = [deal({ volume: '3', commission: '-100' }), exit({ volume: '1' })];
    const shares = (places: number) =>
      projectTrades(deals, true, { ...CENTS, places })[0]?.legs.map((l) => l.commission);
    expect([shares(0), shares(2), shares(3)]).toEqual([['-33'], ['-33.33'], ['-33.333']]);
  });

  it('that are charged after the end change the last of them', () => {
    const late = deal({ ticket: '5009', reason: 'rollover', swap: '-2', timeMs: OPENED_MS + 9_000 });
    const trade = onlyTrade([deal(), exit({ profit: '5' }), late], false);
    expect(trade).toMatchObject({ net: '3', legs: [{ swap: '-2', net: '3' }] });
  });

  it('that take out more than went in leave the trade unsettled: an entry is missing', () => {
    const trade = onlyTrade([deal(), exit({ volume: '1.5' })], false);
    expect(trade).toMatchObject({
      status: 'closing_unconfirmed',
      volumeOpen: '-0.5',
      legs: [{ volume: '1.5' }],
    });
  });
});

describe('a close by an opposite position', () => {
  it('names it', () => {
    const deals = [deal(), exit({ ticket: '5002', entry: 'out_by' })];
    const [trade] = projectTrades(deals, false, { places: 2, closedBy: new Map([['5002', '1002']]) });
    expect(trade).toMatchObject({ status: 'closed', closedBy: '1002' });
  });
});

describe('a cancelled deal', () => {
  it('that closed opens the trade again, with the money that it still states', () => {
    const cancelled = exit({ type: 'sell_canceled', profit: '0', commission: '-0.5' });
    expect(onlyTrade([deal(), cancelled], true)).toMatchObject({
      status: 'open',
      volumeOpen: '1',
      net: '-0.5',
      legs: [],
    });
  });

  it('that opened leaves no trade', () => {
    expect(onlyTrade([deal({ type: 'buy_canceled' })], false)).toBeNull();
  });
});
