// Money is conserved whatever happens: random histories of trading, cash, prices and time, on both margin modes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accountFigures, floatingProfit } from '../../../../infra/local/broker/account-figures.ts';
import type { MarginMode, PendingType, Side } from '../../../../infra/local/broker/broker-records.ts';
import { type Decimal, dec, sum } from '../../../../infra/local/broker/decimal.ts';
import { armFault } from '../../../../infra/local/broker/fault-book.ts';
import { EngineFixture, LOGIN } from './engine-fixture.ts';

const SYMBOLS = ['EURUSD', 'USDJPY', 'XAUUSD', 'BTCUSD'];
const symbol = fc.constantFrom(...SYMBOLS);
const side = fc.constantFrom<Side>('buy', 'sell');
const lots = fc.integer({ min: 1, max: 300 }).map((hundredths) => String(hundredths / 100));
const offset = fc.integer({ min: -3000, max: 3000 });
const pendingType = fc.constantFrom<PendingType>('buy_limit', 'sell_limit', 'buy_stop', 'sell_stop');

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
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function shifted(fixture: EngineFixture, name: string, points: number): string {
  const { engine } = fixture;
  const digits = engine.symbol(name).digits;
  return dec(engine.state.tables.quote.get(name)?.bid ?? '1')
    .plus(dec(10).pow(-digits).times(points))
    .toFixed();
}

function act(fixture: EngineFixture, step: Action): void {
  const { engine } = fixture;
  switch (step.kind) {
    case 'open':
      fixture.market(step.side, step.lots, {
        symbol: step.symbol,
        sl: shifted(fixture, step.symbol, step.stop),
      });
      return;
    case 'close': {
      const positions = fixture.positions();
      const chosen = positions[step.pick % Math.max(positions.length, 1)];
      if (!chosen) return;
      const part = dec(chosen.volume)
        .times(step.share + 1)
        .div(5)
        .round(2, 3);
      const opposite = chosen.type === 'buy' ? 'sell' : 'buy';
      const before = dec(fixture.figures().equity);
      const answer = fixture.market(opposite, part.toFixed(), {
        symbol: chosen.symbol,
        position: chosen.ticket,
      });
      const commission = fixture.deals().find((row) => row.ticket === answer.deal)?.commission ?? '0';
      // Closing turns floating money into booked money: equity pays the commission and, at most, a cent of rounding.
      const drift = dec(fixture.figures().equity).minus(before).minus(commission).abs();
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
      const below = step.type === 'buy_limit' || step.type === 'sell_stop';
      const price = shifted(
        fixture,
        step.symbol,
        below ? -step.away : step.away + engine.symbol(step.symbol).spread,
      );
      fixture.pending(step.type, step.lots, price, { symbol: step.symbol });
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
      engine.transact(() =>
        armFault(engine.state, { kind: 'partial_fill', login: LOGIN, times: 1, on: null, hold_ms: 0 }),
      );
  }
}

function checkMoney(fixture: EngineFixture): void {
  const { state } = fixture.engine;
  const account = fixture.engine.account(LOGIN);
  const deals = fixture.deals();
  const money = (rows: typeof deals): Decimal =>
    sum(rows.flatMap((row) => [row.profit, row.swap, row.commission, row.fee]));
  const isCredit = (row: (typeof deals)[number]) => row.type === 'credit';
  expect(money(deals.filter((row) => !isCredit(row))).toFixed(2)).toBe(dec(account.balance).toFixed(2));
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
    if (deal.symbol !== '') add(deal.position_id, deal.type, deal.volume, 1);
  for (const position of fixture.positions()) add(position.identifier, position.type, position.volume, -1);
  for (const [id, rest] of signed) expect(`${id} ${rest.toFixed()}`).toBe(`${id} 0`);
}

function tablesOf(fixture: EngineFixture): string {
  const { tables, candles } = fixture.engine.state;
  const rows = Object.entries(tables).map(([name, table]) => [
    name,
    [...table].sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  const range = { from: 0, to: Number.POSITIVE_INFINITY, nowMs: 8e15, limit: 30, keep: 'last' } as const;
  const bars = SYMBOLS.map((name) => [
    candles.closedBars(name, 'M1', range),
    candles.closedBars(name, 'H1', range),
  ]);
  return JSON.stringify([rows, bars]);
}

test.each<MarginMode>(['hedging', 'netting'])(
  'money and volumes are conserved and survive a restart: %s',
  (marginMode) => {
    const seed = Number(process.env.FC_SEED ?? Date.now() % 2_147_483_647);
    console.log(`conservation ${marginMode} seed ${seed}`);
    const counted = { steps: 0, deals: 0 };
    const property = fc.property(fc.array(action, { minLength: 10, maxLength: 40 }), (steps) => {
      const fixture = new EngineFixture({ marginMode, balance: '50000' });
      try {
        for (const step of steps) {
          act(fixture, step);
          checkMoney(fixture);
          checkVolumes(fixture);
        }
        const before = tablesOf(fixture);
        fixture.engine.close();
        fixture.engine = fixture.open();
        expect(tablesOf(fixture)).toBe(before);
        counted.steps += steps.length;
        counted.deals += fixture.deals().length;
      } finally {
        fixture.remove();
      }
    });
    // Each round opens the broker twice; a failure must be reported before the test's own limit ends the shrinking.
    fc.assert(property, {
      seed,
      numRuns: Number(process.env.FC_RUNS ?? 25),
      interruptAfterTimeLimit: 45_000,
    });
    console.log(`conservation ${marginMode}: ${counted.steps} steps, ${counted.deals} deals`);
  },
);
