// An account that a guard watches: a broker's figures, the deals of the books, and a clock. Money and its deal may be moved
// apart, quotes may stand still, and each look is one sample.

import { Big, plain } from '../../functions/platform/decimal.ts';
import {
  type GuardSample,
  type GuardState,
  type GuardStep,
  guardStep,
} from '../../functions/risk/drawdown-guard.ts';
import { GUARD_DEFAULTS, type GuardSettings } from '../../functions/risk/guard-settings.ts';

export const START = Date.UTC(2026, 2, 2, 9);
export const GOLD = 'XAUUSD';

type Open = {
  id: string;
  symbol: string;
  side: 'buy' | 'sell';
  lots: number;
  at: Big;
  swap: Big;
  ours: boolean;
};
type Quote = { bid: Big; ask: Big; timeMs: number };

export class GuardCourse {
  state: GuardState | null = null;
  nowMs = START;
  balance: Big;
  credit = new Big(0);
  booked: Big;
  flowed: Big;
  positions: Open[] = [];
  orders: GuardSample['orders'] = [];
  limits: GuardSample['limits'] = [];
  bridge: GuardSample['bridge'] = null;
  margin: { level: string; stopOut: string } | null = null;
  quotes: Record<string, Quote> = {};
  settings: GuardSettings;
  readonly said: GuardStep['effects'] = [];
  readonly #step: typeof guardStep;
  #trips = 0;
  #ids = 0;

  /** An account of a deposit, which two samples have shown. */
  constructor(deposit = 10_000, settings: Partial<GuardSettings> = {}, step = guardStep) {
    this.#step = step;
    this.settings = { ...GUARD_DEFAULTS, ...settings };
    [this.balance, this.booked, this.flowed] = [new Big(deposit), new Big(deposit), new Big(deposit)];
    this.tick(GOLD, 2_000);
    this.look(60_000);
    this.look(60_000);
    this.said.length = 0;
  }

  /** A new quote, `spread` wide. */
  tick(symbol: string, mid: number | string | Big, spread: number | string = '0.2'): void {
    const half = new Big(spread).div(2);
    this.quotes[symbol] = { bid: new Big(mid).minus(half), ask: new Big(mid).plus(half), timeMs: this.nowMs };
  }

  open(side: 'buy' | 'sell', lots: number, symbol = GOLD, ours = true): string {
    const id = String(++this.#ids);
    const { bid, ask } = this.#quote(symbol);
    // At the middle: what a spread costs is another test's subject.
    this.positions.push({ id, symbol, side, lots, at: bid.plus(ask).div(2), swap: new Big(0), ours });
    return id;
  }

  /** Closed at the middle; its deal is booked with it unless `unbooked`. */
  close(id: string, unbooked = false): Big {
    const p = this.positions.find((o) => o.id === id);
    if (p === undefined) throw new Error(`no position ${id}`);
    const result = this.#profit(p).plus(p.swap);
    this.balance = this.balance.plus(result);
    if (!unbooked) this.booked = this.booked.plus(result);
    this.positions = this.positions.filter((o) => o !== p);
    return result;
  }

  closeAll(): void {
    for (const { id } of this.positions) this.close(id);
    this.orders = [];
  }

  /** Money that came (or, below zero, went); its deal apart from it where the two are not one. */
  pay(amount: number | string | Big, part: 'both' | 'money' | 'deal' | 'credit' = 'both'): void {
    if (part === 'credit') this.credit = this.credit.plus(amount);
    else if (part !== 'deal') this.balance = this.balance.plus(amount);
    if (part === 'money') return;
    this.booked = this.booked.plus(amount);
    this.flowed = this.flowed.plus(amount);
  }

  equity(): Big {
    return this.positions.reduce(
      (all, p) => all.plus(this.#profit(p)).plus(p.swap),
      this.balance.plus(this.credit),
    );
  }

  /** Moves the market of the one symbol until the account is worth that; a new tick. */
  moveTo(equity: number | string | Big): void {
    const exposure = this.positions.reduce((all, p) => all + (p.side === 'buy' ? p.lots : -p.lots), 0);
    const { bid, ask } = this.#quote(GOLD);
    const by = new Big(equity).minus(this.equity()).div(exposure * 100);
    this.tick(GOLD, bid.plus(ask).div(2).plus(by));
  }

  sample(change: Partial<GuardSample> = {}): GuardSample {
    return {
      atMs: this.nowMs,
      ...{ balance: plain(this.balance), credit: plain(this.credit), equity: plain(this.equity()) },
      ...{ marginLevel: this.margin?.level ?? null, marginStopOut: this.margin?.stopOut ?? null },
      positions: this.positions.map((p) => ({
        ...{
          identifier: p.id,
          ticket: p.id,
          symbol: p.symbol,
          side: p.side,
          volume: String(p.lots),
          ours: p.ours,
        },
        ...{ profit: plain(this.#profit(p)), swap: plain(p.swap) },
        priceCurrent: plain(p.side === 'buy' ? this.#quote(p.symbol).bid : this.#quote(p.symbol).ask),
      })),
      orders: this.orders,
      quotes: Object.fromEntries(
        Object.entries(this.quotes).map(([symbol, { bid, ask, timeMs }]) => [
          symbol,
          { bid: plain(bid), ask: plain(ask), timeMs },
        ]),
      ),
      ...{ booked: plain(this.booked), flowed: plain(this.flowed), limits: this.limits, bridge: this.bridge },
      ...change,
    };
  }

  /** Time passes, and then a sample is taken. */
  look(afterMs = 2_000, change: Partial<GuardSample> = {}): GuardStep {
    this.nowMs += afterMs;
    return this.take(this.sample(change));
  }

  /** Time passes and every quote is renewed as it is, and then a sample is taken. */
  lookAnew(afterMs = 2_000): GuardStep {
    for (const q of Object.values(this.quotes)) q.timeMs = this.nowMs + afterMs;
    return this.look(afterMs);
  }

  take(sample: GuardSample): GuardStep {
    const at = { nowMs: this.nowMs, tripId: `trip-${++this.#trips}` };
    // As it is stored and read again.
    const before = this.state === null ? null : (JSON.parse(JSON.stringify(this.state)) as GuardState);
    const step = this.#step(this.settings, before, sample, at);
    this.state = step.state;
    this.said.push(...step.effects);
    return step;
  }

  get phase(): string {
    return this.state?.phase ?? 'none';
  }

  get downBps(): number {
    return this.state?.drawdownBps ?? Number.NaN;
  }

  /** What was said since it was last asked. */
  heard(): string[] {
    return this.said.splice(0).map((e) => e.kind);
  }

  /** With `lots` of gold bought, down by a share of the deposit, confirmed and warned. */
  static warned(settings: Partial<GuardSettings> = {}): GuardCourse {
    const c = new GuardCourse(10_000, settings);
    c.open('buy', 3);
    c.look();
    c.moveTo(7_900);
    c.look();
    c.lookAnew();
    return c;
  }

  /** The same, closed and latched. */
  static latched(settings: Partial<GuardSettings> = {}): GuardCourse {
    const c = GuardCourse.warned(settings);
    c.lookAnew(10_000);
    c.closeAll();
    c.look();
    c.look();
    return c;
  }

  #quote(symbol: string): Quote {
    const quote = this.quotes[symbol];
    if (quote === undefined) throw new Error(`no quote of ${symbol}`);
    return quote;
  }

  /** 100 units of the account's currency for each price unit of a lot, at the middle. */
  #profit(p: Open): Big {
    const { bid, ask } = this.#quote(p.symbol);
    const moved = bid.plus(ask).div(2).minus(p.at);
    return moved
      .times(p.side === 'buy' ? p.lots : -p.lots)
      .times(100)
      .round(2);
  }
}
