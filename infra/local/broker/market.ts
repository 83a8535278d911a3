// The market itself: symbols, quotes, candles and the clock they move by.
// Invariants: everything happens inside a transaction of the engine; a quote runs all that it sets off before the next
// one; bids and asks are whole ticks.

import { BrokerError } from './broker-error.ts';
import type { SymbolRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { TIMEFRAME_MS, type Timeframe, ticksOf } from './candle-book.ts';
import { ceilToStep, type Decimal, dec, isMultiple, plain } from './decimal.ts';
import { pointOf } from './order-check.ts';
import { runTriggers } from './price-triggers.ts';
import { nextStep, seedFor, tickPointsOf } from './price-walk.ts';
import { SYMBOL_DEFAULTS } from './symbol-defaults.ts';
import { expireOrders, passTime } from './time-passage.ts';

export class Market {
  readonly #state: BrokerState;
  readonly #seed: number;

  constructor(state: BrokerState, seed: number) {
    this.#state = state;
    this.#seed = seed;
  }

  /** Opens what is not there yet: everything in a new folder, new symbols in a folder of an older version. */
  open(heldAtMs: number | undefined): void {
    if (!this.#state.tables.clock.has('clock')) {
      const now = heldAtMs ?? this.#state.nowMs();
      const mode = heldAtMs === undefined ? 'real' : 'held';
      this.#state.put('clock', 'clock', { mode, now, processed: now });
    }
    for (const spec of SYMBOL_DEFAULTS) {
      if (!this.#state.tables.symbol.has(spec.symbol)) this.openSymbol(spec, spec.start_price);
    }
  }

  /** Offers a symbol from now on, at this bid, with a history that ends there. */
  openSymbol(spec: SymbolRecord, bid: string): void {
    const { symbol } = spec;
    const nowMs = this.#state.nowMs();
    const ask = plain(askOf(spec, dec(bid)));
    this.#state.put('symbol', symbol, spec);
    this.#state.put('quote', symbol, { symbol, bid, ask, time: nowMs, rng: seedFor(this.#seed, symbol) });
    this.#inventHistory(spec, nowMs);
  }

  /** A new quote, now or at `utcMs`, which then holds the clock; a BrokerError where it is none. */
  quote(spec: SymbolRecord, price: { bid: Decimal; ask: Decimal | null }, utcMs: number | null): void {
    const ask = price.ask ?? askOf(spec, price.bid);
    if (price.bid.lte(0) || ask.lt(price.bid))
      throw new BrokerError('bid must be above 0 and ask not below it');
    if (![price.bid, ask].every((one) => isMultiple(one, dec(spec.tick_size))))
      throw new BrokerError(`prices of ${spec.symbol} are multiples of ${spec.tick_size}`);
    if (utcMs !== null) this.holdClock(utcMs, false);
    this.#applyQuote(spec, price.bid, ask);
  }

  /** `steps` steps of the seeded walk; with `stepSeconds` > 0 the clock is held and moves along. */
  walk(spec: SymbolRecord, steps: number, stepSeconds: number): void {
    for (let step = 0; step < steps; step += 1) {
      if (stepSeconds > 0) this.holdClock(this.#state.nowMs() + stepSeconds * 1000, false);
      this.#applyStep(spec, Math.sqrt(Math.max(stepSeconds, 1) / 3600));
    }
  }

  /** Takes a symbol's history, price and time from a file, up to `untilMs` where given. */
  loadCandles(
    spec: SymbolRecord,
    from: { timeframe: Timeframe; file: string; untilMs: number | undefined },
  ): { lastClose: string; nowMs: number } {
    const { timeframe, file, untilMs } = from;
    const { symbol } = spec;
    const until = untilMs === undefined ? {} : { until: untilMs };
    const last = this.#state.putSeries(symbol, { kind: 'file', file, timeframe, ...until });
    if (!last) throw new BrokerError(`${file}: no candles`);
    const nowMs = last.time + TIMEFRAME_MS[timeframe];
    this.holdClock(nowMs, true);
    const bid = pointOf(spec).times(last.close);
    const rng = this.#state.tables.quote.get(symbol)?.rng ?? seedFor(this.#seed, symbol);
    const ask = plain(askOf(spec, bid));
    this.#state.put('quote', symbol, { symbol, bid: plain(bid), ask, time: nowMs, rng });
    runTriggers(this.#state, symbol);
    return { lastClose: plain(bid), nowMs };
  }

  /**
   * Plays the next candle of a loaded file as four ticks, with the clock held along; false where none is left. A gap
   * between two candles is a gap of the price.
   */
  playCandle(spec: SymbolRecord): boolean {
    const next = this.#state.candles.nextFuture(spec.symbol, this.#state.nowMs());
    if (!next) return false;
    for (const { atMs, points } of ticksOf(next.bar, next.lengthMs)) {
      this.holdClock(atMs, false);
      const bid = pointOf(spec).times(points);
      this.#applyQuote(spec, bid, askOf(spec, bid));
    }
    return true;
  }

  /** Holds the clock; forward it books what falls due on the way, back in time it makes the histories anew. */
  holdClock(utcMs: number, mayGoBack: boolean): void {
    const before = this.#state.nowMs();
    if (utcMs < before && !mayGoBack) throw new BrokerError('time goes forward only; /clock can set it back');
    if (utcMs >= before) passTime(this.#state, utcMs);
    this.#state.put('clock', 'clock', { mode: 'held', now: utcMs, processed: utcMs });
    if (utcMs >= before) return;
    // Back in time the invented candles would lie in the future: they are made anew to end now.
    for (const spec of this.#state.tables.symbol.values()) {
      if (!this.#state.candles.hasLoaded(spec.symbol)) this.#inventHistory(spec, utcMs);
    }
  }

  #inventHistory(spec: SymbolRecord, endMs: number): void {
    const bid = this.#state.tables.quote.get(spec.symbol)?.bid ?? spec.start_price;
    const closePoints = dec(bid).div(pointOf(spec)).toNumber();
    this.#state.putSeries(spec.symbol, { kind: 'invented', seed: this.#seed, endMs, closePoints });
  }

  #applyStep(spec: SymbolRecord, scale: number): void {
    const quote = this.#state.tables.quote.get(spec.symbol);
    if (!quote) throw new Error(`no quote for ${spec.symbol}`);
    const point = pointOf(spec);
    const step = nextStep(quote.rng, spec.hourly_sigma_points * scale);
    const tick = tickPointsOf(spec);
    const moved = dec(quote.bid).plus(point.times(Math.round(step.points / tick) * tick));
    // A tenth of the starting price is the floor, so that no walk ever reaches zero.
    const bid = moved.lt(dec(spec.start_price).div(10)) ? dec(quote.bid) : moved;
    this.#state.put('quote', spec.symbol, { ...quote, rng: step.state });
    this.#applyQuote(spec, bid, askOf(spec, bid));
  }

  #applyQuote(spec: SymbolRecord, bid: Decimal, ask: Decimal): void {
    const { symbol } = spec;
    const time = this.#state.nowMs();
    const rng = this.#state.tables.quote.get(symbol)?.rng ?? 0;
    this.#state.put('quote', symbol, { symbol, bid: plain(bid), ask: plain(ask), time, rng });
    const points = Math.round(bid.div(pointOf(spec)).toNumber());
    for (const timeframe of this.#state.candles.timeframesOf(symbol)) {
      const bar = this.#state.candles.barWithTick(symbol, timeframe, time, points);
      if (bar) this.#state.putBar(symbol, timeframe, bar);
    }
    runTriggers(this.#state, symbol);
    // An order that fell due in closed hours lives until the first tick has had its say.
    expireOrders(this.#state, time);
  }
}

/** The ask over a bid at the symbol's spread, rounded up to the tick. */
function askOf(spec: SymbolRecord, bid: Decimal): Decimal {
  return ceilToStep(bid.plus(pointOf(spec).times(spec.spread)), dec(spec.tick_size));
}
