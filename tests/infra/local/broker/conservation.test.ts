// Money is conserved whatever happens: random histories of trading, cash, prices, time and the broker's own corrections,
// on every margin mode.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountFigures, floatingProfit } from '../../../../infra/local/broker/account-figures.ts';
import { BrokerError } from '../../../../infra/local/broker/broker-error.ts';
import { type MarginMode, PENDING_TYPES, type Side } from '../../../../infra/local/broker/broker-records.ts';
import { ceilToStep, type Decimal, dec, sum } from '../../../../infra/local/broker/decimal.ts';
import { runs } from '../../../support/property.ts';
import { EngineFixture, LOGIN } from './engine-fixture.ts';

const SYMBOLS = ['EURUSD', 'USDJPY', 'XAUUSD', 'BTCUSD', 'GOLD.m', 'US500'];
const symbol = fc.constantFrom(...SYMBOLS);
const side = fc.constantFrom<Side>('buy', 'sell');
const lots = fc.integer({ min: 1, max: 300 }).map((hundredths) => String(hundredths / 100));
const offset = fc.integer({ min: -3000, max: 3000 });
const pendingType = fc.constantFrom(...PENDING_TYPES);

const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('open' as const), symbol, side, lots, stop: offset }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('close' as const), pick: fc.nat(), share: fc.nat(4) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('move' as const), symbol, points: offset }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('walk' as const),
      symbol,
      steps: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pending' as const),
      symbol,
      type: pendingType,
      lots,
      away: fc.integer({ min: 1, max: 2000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('cash' as const),
      credit: fc.boolean(),
      cents: fc.integer({ min: -200_000, max: 500_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), minutes: fc.integer({ min: 1, max: 4000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('partial' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('close_by' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel_deal' as const), pick: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('ticket' as const), pick: fc.nat(), deals: fc.boolean() }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** The bid moved by some points, on the tick. */
function shifted(fixture: EngineFixture, name: string, points: number): string {
  const { engine } = fixture;
  const { digits, tick_size } = engine.symbol(name);
  const moved = dec(engine.state.tables.quote.get(name)?.bid ?? '1').plus(dec(10).pow(-digits).times(points));
  return ceilToStep(moved, dec(tick_size)).toFixed();
}

/** A volume rounded up to the symbol's step. */
function volumeOf(fixture: EngineFixture, name: string, asked: string): string {
  return ceilToStep(dec(asked), dec(fixture.engine.symbol(name).volume_step)).toFixed();
}

function act(fixture: EngineFixture, step: Action): void {
  const { engine } = fixture;
  switch (step.kind) {
    case 'open':
      fixture.market(step.side, volumeOf(fixture, step.symbol, step.lots), {
        symbol: step.symbol,
        sl: shifted(fixture, step.symbol, step.stop),
      });
      return;
    case 'close': {
      const positions = fixture.positions();
      const chosen = positions[step.pick % Math.max(positions.length, 1)];
      if (!chosen) return;
      const share = dec(chosen.volume)
        .times(step.share + 1)
        .div(5);
      const part = volumeOf(fixture, chosen.symbol, share.toFixed());
      const opposite = chosen.type === 'buy' ? 'sell' : 'buy';
      const before = dec(fixture.figures().equity);
      const answer = fixture.market(opposite, part, {
        symbol: chosen.symbol,
        position: chosen.ticket,
      });
      const deal = fixture.deals().find((row) => row.ticket === answer.deal);
      const cost = dec(deal?.commission ?? '0').plus(deal?.fee ?? '0');
      // Closing turns floating money into booked money: equity pays the costs and, at most, a cent of rounding.
      const drift = dec(fixture.figures().equity).minus(before).minus(cost).abs();
      expect(drift.lte('0.02')).toBe(true);
      return;
    }
    case 'move':
      if (dec(shifted(fixture, step.symbol, step.points)).gt(0)) {
        fixture.tick(step.symbol, shifted(fixture, step.symbol, step.points));
      }
      return;
    case 'walk':
      engine.walk(step.symbol, step.steps, 60);
      return;
    case 'pending': {
      const below = /^(buy_limit|sell_stop)/.test(step.type);
      const price = shifted(
        fixture,
        step.symbol,
        below ? -step.away : step.away + engine.symbol(step.symbol).spread,
      );
      const limit = step.type === 'buy_stop_limit' ? -1 : 1;
      const away = shifted(fixture, step.symbol, (below ? -step.away : step.away) + 50 * limit);
      fixture.pending(step.type, volumeOf(fixture, step.symbol, step.lots), price, {
        symbol: step.symbol,
        price_stoplimit: step.type.endsWith('_stop_limit') ? away : null,
        type_time: step.away % 2 === 0 ? 'day' : undefined,
      });
      return;
    }
    case 'cash':
      engine.bookCash(LOGIN, {
        type: step.credit ? 'credit' : 'balance',
        amount: dec(step.cents).div(100),
        comment: 'cash',
      });
      return;
    case 'pass':
      engine.setClock(engine.state.nowMs() + step.minutes * 60_000);
      return;
    case 'partial':
      fixture.arm('partial_fill');
      return;
    default:
      actByBroker(fixture, step);
  }
}

function actByBroker(
  fixture: EngineFixture,
  step: Extract<Action, { kind: 'close_by' | 'cancel_deal' | 'ticket' }>,
): void {
  const { engine } = fixture;
  const positions = fixture.positions();
  const chosen = positions[step.pick % Math.max(positions.length, 1)];
  if (step.kind === 'close_by') {
    const other = positions.find((row) => row.symbol === chosen?.symbol && row.type !== chosen.type);
    const pair = { position: chosen?.ticket ?? '1', position_by: other?.ticket ?? '1' };
    const before = dec(fixture.figures().equity);
    fixture.send({ action: 'close_by', ...pair });
    // Without the market nothing is lost but the distance between bid and ask, which both sides had paid for.
    expect(dec(fixture.figures().equity).plus('0.03').gte(before)).toBe(true);
  } else if (step.kind === 'ticket') {
    if (chosen) engine.changeTicket(LOGIN, chosen.ticket, step.deals);
  } else {
    const deals = fixture.deals();
    const deal = deals[step.pick % deals.length];
    try {
      if (deal) engine.cancelDeal(LOGIN, deal.ticket);
    } catch (cause) {
      // Many deals cannot be cancelled any more; the broker says so and changes nothing.
      expect(cause).toBeInstanceOf(BrokerError);
    }
  }
}

function checkMoney(fixture: EngineFixture): void {
  const { state } = fixture.engine;
  const account = fixture.engine.account(LOGIN);
  const deals = fixture.deals();
  const money = (rows: typeof deals): Decimal =>
    sum(rows.flatMap((row) => [row.profit, row.swap, row.commission, row.fee]));
  const isCredit = (row: (typeof deals)[number]) => row.type === 'credit';
  // A cancelled deal reads 0 and its correction takes its money back once more: without the corrections it adds up.
  const counts = (row: (typeof deals)[number]) => !isCredit(row) && !row.comment.startsWith('cancel deal');
  expect(money(deals.filter(counts)).toFixed(2)).toBe(dec(account.balance).toFixed(2));
  expect(money(deals.filter(isCredit)).toFixed(2)).toBe(dec(account.credit).toFixed(2));
  const open = sum(state.positionsOf(LOGIN).map((row) => floatingProfit(state, account, row).plus(row.swap)));
  const equity = dec(account.balance).plus(account.credit).plus(open);
  expect(accountFigures(state, account).equity.toFixed(2)).toBe(equity.toFixed(2));
}

/** Signed volume of a position's deals equals what is open under its identifier, and nothing else is open. */
function checkVolumes(fixture: EngineFixture): void {
  const signed = new Map<string, Decimal>();
  const add = (id: string, type: string, volume: string, sign: number) =>
    signed.set(id, (signed.get(id) ?? dec(0)).plus(dec(volume).times(type === 'buy' ? sign : -sign)));
  for (const deal of fixture.deals())
    if (deal.type === 'buy' || deal.type === 'sell') add(deal.position_id, deal.type, deal.volume, 1);
  for (const position of fixture.positions()) add(position.identifier, position.type, position.volume, -1);
  for (const [id, rest] of signed) expect(`${id} ${rest.toFixed()}`).toBe(`${id} 0`);
}

function tablesOf(fixture: EngineFixture, withBars: boolean): string {
  const { tables, candles } = fixture.engine.state;
  const rows = Object.entries(tables).map(([name, table]) => [
    name,
    [...table].sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  const range = { from: 0, to: Number.POSITIVE_INFINITY, nowMs: 8e15, limit: 30, keep: 'last' } as const;
  const bars = (withBars ? ['EURUSD'] : []).map((name) => [
    candles.closedBars(name, 'M1', range),
    candles.closedBars(name, 'H1', range),
  ]);
  return JSON.stringify([rows, bars]);
}

test.each<MarginMode>(['hedging', 'netting', 'exchange'])(
  'money and volumes are conserved and survive a restart: %s',
  (marginMode) => {
    const counted = { steps: 0, deals: 0 };
    const property = fc.property(fc.array(action, { minLength: 10, maxLength: 40 }), (steps) => {
      const fixture = new EngineFixture({ marginMode, balance: '50000' });
      for (const step of steps) {
        act(fixture, step);
        checkMoney(fixture);
        checkVolumes(fixture);
      }
      // Reading candles makes a whole history, so only some rounds compare them.
      const withBars = steps.length % 10 === 0;
      const before = tablesOf(fixture, withBars);
      fixture.reopen();
      expect(tablesOf(fixture, withBars)).toBe(before);
      counted.steps += steps.length;
      counted.deals += fixture.deals().length;
    });
    // Each round opens the broker twice.
    fc.assert(property, runs(60));
    console.log(`conservation ${marginMode}: ${counted.steps} steps, ${counted.deals} deals`);
  },
);
