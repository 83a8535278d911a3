import { describe, expect, it } from 'vitest';
import {
  type KnownCommand,
  type PositionTerms,
  projectPositions,
  type TradeFacts,
} from '../../functions/ledger/planned-trade.ts';
import type { Deal } from '../../functions/ledger/trade-projection.ts';
import { deal, OPENED_MS } from './deal-facts.ts';

const command = (changes: Partial<KnownCommand> = {}): KnownCommand => ({
  id: 'c1',
  signalId: 's1',
  approvalId: 'a1',
  magic: deal().magic,
  symbol: 'EURUSD',
  positionId: null,
  orderTicket: null,
  instrument: 'EURUSD',
  strategy: 'fib-rsi',
  timeframe: 'M15',
  stopLoss: '1.09',
  ...changes,
});
const facts = (changes: Partial<TradeFacts> = {}): TradeFacts => ({
  deals: [deal()],
  commands: [],
  adoptions: [],
  terms: [],
  closedBy: new Map(),
  symbols: {},
  places: 2,
  shown: new Map([['1001', { stopLoss: '1.08', takeProfit: null }]]),
  tickOf: () => ({ tickSize: '0.00001', tickValueLoss: '1' }),
  atMs: OPENED_MS + 60_000,
  ...changes,
});
const exit = (changes: Partial<Deal> = {}): Deal =>
  deal({
    ...{
      ticket: '5002',
      entry: 'out',
      type: 'sell',
      price: '1.101',
      profit: '100',
      magic: '0',
      reason: 'tp',
    },
    timeMs: OPENED_MS + 30_000,
    ...changes,
  });
const livesOf = (changes: Partial<TradeFacts> = {}) =>
  projectPositions(facts(changes)).flatMap((p) => p.lives);
const planned = (changes: Partial<TradeFacts> = {}) => livesOf(changes).map((l) => l.planned);

describe('whose a trade is', () => {
  it('the command’s that opened it: its signal, approval, strategy, timeframe and instrument', () => {
    const [trade] = planned({ commands: [command({ instrument: 'EURO' })] });
    expect(trade).toMatchObject({
      ...{ commandId: 'c1', signalId: 's1', approvalId: 'a1', source: 'bot' },
      ...{ strategy: 'fib-rsi', timeframe: 'M15', instrument: 'EURO' },
    });
  });

  it('nobody’s where its order is known and opened nothing of what stands: its own deal was cancelled', () => {
    const others = { magic: '0', orderTicket: '4711' };
    const joined = (orderTicket: string | null) =>
      planned({ deals: [deal(others)], commands: [command({ positionId: '1001', orderTicket })] })[0]
        ?.commandId;
    expect([joined('99'), joined('4711'), joined(null)]).toEqual([null, 'c1', 'c1']);
  });

  it('nobody’s where no command is known: manual, by our name of the symbol', () => {
    const symbols = { EUR_B: 'EURUSD', EUR_A: 'EURUSD', GOLD: 'XAUUSD' };
    expect(planned({ symbols })).toMatchObject([
      { commandId: null, signalId: null, source: 'manual', strategy: null, instrument: 'EUR_A' },
    ]);
    expect(planned()).toMatchObject([{ instrument: 'EURUSD' }]);
  });

  it('a signal’s that a person adopted it for, or ours without one; a command of ours is stronger', () => {
    const adoption = { positionId: '1001', signalId: 's9', strategy: 'by hand', timeframe: null };
    expect(planned({ adoptions: [adoption] })).toMatchObject([
      { commandId: null, approvalId: null, signalId: 's9', source: 'bot', strategy: 'by hand' },
    ]);
    expect(planned({ adoptions: [{ ...adoption, signalId: null }] })).toMatchObject([
      { signalId: null, source: 'bot' },
    ]);
    expect(planned({ adoptions: [adoption], commands: [command()] })).toMatchObject([{ signalId: 's1' }]);
    expect(planned({ adoptions: [{ ...adoption, positionId: '1002' }] })).toMatchObject([
      { source: 'manual' },
    ]);
  });

  it('a later life is not its first one’s: who turned the position round has to be named by the deal', () => {
    const turn = (magic: string) =>
      deal({ ticket: '5002', type: 'sell', entry: 'inout', volume: '3', magic, timeMs: OPENED_MS + 1_000 });
    const commands = [command({ positionId: '1001' }), command({ id: 'c2', magic: '1600', signalId: 's2' })];
    const signals = (magic: string) =>
      planned({ deals: [deal(), turn(magic)], commands }).map((t) => [t.episode, t.source, t.signalId]);
    expect(signals('0')).toEqual([
      [0, 'bot', 's1'],
      [1, 'manual', null],
    ]);
    expect(signals('1601'), 'its second attempt').toEqual([
      [0, 'bot', 's1'],
      [1, 'bot', 's2'],
    ]);
  });
});

describe('what was at stake at the entry', () => {
  it('of ours is the stop of the command, however late the position is first seen, and the tick of then', () => {
    const [life] = livesOf({ commands: [command()], deals: [deal(), exit()], atMs: OPENED_MS + 86_400_000 });
    expect(life?.terms).toMatchObject({
      ...{ dealTicket: '5001', initialStop: '1.09', tickSize: '0.00001', tickValueLoss: '1' },
      ...{ stopLoss: null, takeProfit: null },
    });
    // 0.01 are 1,000 ticks at 1 on one lot.
    expect(life?.planned).toMatchObject({ initialStop: '1.09', rMultiple: '0.1', pips: '10' });
    expect(life?.planned.legs).toMatchObject([{ rMultiple: '0.1' }]);
  });

  it('of others’ is the stop that the position is shown with soon after it was opened, or unknown', () => {
    const initial = (afterMs: number) => planned({ atMs: OPENED_MS + afterMs }).map((t) => t.initialStop);
    expect(initial(300_000)).toEqual(['1.08']);
    expect(initial(300_001)).toEqual([null]);
    expect(livesOf({ atMs: OPENED_MS + 300_001 })[0]?.terms).toMatchObject({ tickSize: null });
    const unprotected = new Map([['1001', { stopLoss: null, takeProfit: null }]]);
    expect(planned({ shown: unprotected })).toMatchObject([{ initialStop: null, rMultiple: null }]);
  });

  const kept: PositionTerms = {
    ...{ dealTicket: '5001', initialStop: '1.095', tickSize: '0.0001', tickValueLoss: '10' },
    ...{ stopLoss: '1.08', takeProfit: null },
  };

  it('once it is kept stays, whatever the stop is moved to and a tick is worth later', () => {
    const moved = new Map([['1001', { stopLoss: '1.12', takeProfit: '1.2' }]]);
    const later = { terms: [kept], shown: moved, commands: [command()], tickOf: () => null };
    const [life] = livesOf({ ...later, deals: [deal(), exit({ volume: '0.5' })] });
    expect(life?.planned).toMatchObject({
      ...{ initialStop: '1.095', rMultiple: '0.2', stopLoss: '1.12', takeProfit: '1.2' },
    });
    expect(life?.terms).toEqual({ ...kept, stopLoss: '1.12', takeProfit: '1.2' });
    expect(livesOf({ terms: [kept] })[0]?.terms, 'nothing new to keep').toBeNull();
  });

  it('and the stops it had last are still its own when it is gone', () => {
    const gone = { terms: [{ ...kept, takeProfit: '1.2' }], shown: new Map(), deals: [deal(), exit()] };
    expect(livesOf(gone)[0]?.planned).toMatchObject({
      status: 'closed',
      stopLoss: '1.08',
      takeProfit: '1.2',
    });
    expect(livesOf(gone)[0]?.terms).toBeNull();
  });

  it('is not kept while only a page of the history was seen', () => {
    expect(livesOf({ shown: null, commands: [command()] })[0]).toMatchObject({
      terms: null,
      planned: { status: 'open', initialStop: '1.09', rMultiple: null },
    });
  });

  it('is that of the life that goes on, where a number has had several', () => {
    const refill = deal({ ticket: '5003', timeMs: OPENED_MS + 40_000 });
    const lives = livesOf({ deals: [deal(), exit(), refill] });
    expect(lives.map((l) => l.terms?.dealTicket ?? null)).toEqual([null, '5003']);
    expect(lives.map((l) => l.planned.stopLoss)).toEqual([null, '1.08']);
  });
});

describe('a close by an opposite position', () => {
  const pair = [
    deal(),
    deal({ ticket: '5005', positionId: '1002', type: 'sell' }),
    exit({ entry: 'out_by', orderTicket: '77' }),
    exit({ ticket: '5006', positionId: '1002', type: 'buy', entry: 'out_by', orderTicket: '77' }),
  ];

  it('names the other for both, found by their common order', () => {
    expect(planned({ deals: pair }).map((t) => [t.positionId, t.closedBy])).toEqual([
      ['1001', '1002'],
      ['1002', '1001'],
    ]);
  });

  it('names it too where the other’s deals are not at hand', () => {
    const [first, , closing] = pair as [Deal, Deal, Deal, Deal];
    const own = { deals: [first, closing] };
    expect(planned(own)).toMatchObject([{ closedBy: null }]);
    expect(planned({ ...own, closedBy: new Map([['5002', '1002']]) })).toMatchObject([{ closedBy: '1002' }]);
  });
});

describe('money that is no position’s', () => {
  it('makes no trade, and a flow that names a position is not its result', () => {
    const flow = deal({ ticket: '5009', type: 'balance', profit: '500' });
    expect(planned({ deals: [deal({ positionId: '0' })] })).toEqual([]);
    expect(planned({ deals: [deal(), flow] })).toMatchObject([{ profit: '0', net: '0' }]);
  });
});
