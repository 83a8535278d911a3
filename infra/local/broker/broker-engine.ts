// The broker itself: accounts, market and trade server behind one journal.
// Invariants: every public method that changes something is one transaction, which is one fsynced line of the journal
// or nothing; the clock is injected; opening the same journal again gives the same broker.
import { join } from 'node:path';
import { isKnownCurrency, specOf } from './account-figures.ts';
import { AppendLog } from './append-log.ts';
import type { AccountRecord, CashType, SymbolRecord } from './broker-records.ts';
import { BrokerState, type Change } from './broker-state.ts';
import { TIMEFRAME_MS, type Timeframe } from './candle-book.ts';
import { bookCash } from './deal-booking.ts';
import { type Decimal, dec, plain } from './decimal.ts';
import { takeFault } from './fault-book.ts';
import { pointOf } from './order-check.ts';
import { orderSend } from './order-send.ts';
import { runTriggers } from './price-triggers.ts';
import { nextStep, seedFor } from './price-walk.ts';
import { isAccepted, RETCODE } from './retcodes.ts';
import { serverOffsetMs } from './server-clock.ts';
import { SYMBOL_DEFAULTS } from './symbol-defaults.ts';
import { passTime } from './time-passage.ts';
import { refusal, type TradeAnswer, type TradeRequest } from './trade-request.ts';

export interface EngineOptions {
  dir: string;
  realNowMs: () => number;
  seed: number;
}

export type NewAccount = Omit<AccountRecord, 'balance' | 'credit' | 'trade_allowed' | 'currency_digits'>;

/** A request that cannot be met as asked; the control server answers 400 with the message. */
export class BrokerError extends Error {}

export class BrokerEngine {
  readonly state: BrokerState;
  readonly #log: AppendLog;
  readonly #seed: number;

  constructor(options: EngineOptions) {
    this.state = new BrokerState(options.realNowMs);
    this.#seed = options.seed;
    this.#log = AppendLog.open(join(options.dir, 'broker.jsonl'), (entry) => {
      // The file is our own and every line was written whole, so its shape is not in doubt.
      for (const change of entry as Change[]) this.state.apply(change);
    });
    if (this.state.tables.symbol.size === 0) this.transact(() => this.#openMarket());
  }

  /** Runs `work` and makes its changes durable; takes all of them back where it throws. */
  transact<T>(work: () => T): T {
    try {
      const answer = work();
      const changes = this.state.takeChanges();
      if (changes.length > 0) this.#log.append(changes);
      return answer;
    } catch (cause) {
      this.state.rollback();
      throw cause;
    }
  }

  /** Books what fell due since the last request; needed because nothing runs between requests. */
  catchUp(): void {
    this.transact(() => passTime(this.state, this.state.nowMs()));
  }

  /** Opens an account with an initial deposit. The same again changes nothing; other terms for a login are an error. */
  createAccount(terms: NewAccount, deposit: Decimal): { created: boolean; account: AccountRecord } {
    const known = this.state.tables.account.get(terms.login);
    if (known) {
      const differs = (['server', 'currency', 'margin_mode'] as const).find(
        (key) => known[key] !== terms[key],
      );
      if (differs) throw new BrokerError(`login ${terms.login} exists with another ${differs}`);
      return { created: false, account: known };
    }
    if (!isKnownCurrency(terms.currency)) throw new BrokerError(`currency ${terms.currency} is not offered`);
    checkTimeZone(terms.server_tz);
    return this.transact(() => {
      const digits = terms.currency === 'JPY' ? 0 : 2;
      const row = { ...terms, currency_digits: digits, balance: '0', credit: '0', trade_allowed: true };
      this.state.put('account', terms.login, row);
      if (deposit.gt(0)) bookCash(this.state, row, { type: 'balance', amount: deposit, comment: 'Deposit' });
      return { created: true, account: this.account(terms.login) };
    });
  }

  /** Allows or forbids trading by experts on an account (10027 while forbidden). */
  setTradeAllowed(login: string, allowed: boolean): void {
    this.transact(() => this.state.put('account', login, { ...this.account(login), trade_allowed: allowed }));
  }

  /** The account's row; a BrokerError where the login is unknown. */
  account(login: string): AccountRecord {
    const account = this.state.tables.account.get(login);
    if (!account) throw new BrokerError(`no account ${login}`);
    return account;
  }

  /** Deposit, withdrawal (negative), credit or charge; returns the deal's ticket. */
  bookCash(login: string, cash: { type: CashType; amount: Decimal; comment: string }): string {
    const account = this.account(login);
    return this.transact(() => bookCash(this.state, account, cash).ticket);
  }

  /** Sends a request by hand; no faults, no execution count. */
  send(request: TradeRequest): TradeAnswer {
    return this.transact(() => orderSend(this.state, request));
  }

  /**
   * Sends the request of a bridge command. The truth about how often a command was sent and acted on is kept in the
   * same transaction, independent of the bridge's own journal. Armed `requote` and `reject:` faults answer here.
   */
  sendCommand(request: TradeRequest, command: { cmd_id: string; attempt: number }): TradeAnswer {
    return this.transact(() => {
      const { login, magic } = request;
      const fault = takeFault(this.state, { kinds: ['requote', 'reject:*'], login });
      const answer = fault ? refusal(faultRetcode(fault.kind)) : orderSend(this.state, request);
      const key = `${login}/${command.cmd_id}/${command.attempt}`;
      const before = this.state.tables.execution.get(key);
      this.state.put('execution', key, {
        ...command,
        login,
        magic,
        sent: (before?.sent ?? 0) + 1,
        executed: (before?.executed ?? 0) + (isAccepted(answer.retcode) ? 1 : 0),
      });
      return answer;
    });
  }

  /** A new quote at the simulated now, or at `utcMs`, which then holds the clock; runs all it sets off. */
  quote(symbol: string, price: { bid: Decimal; ask: Decimal | null }, utcMs: number | null): void {
    const spec = this.symbol(symbol);
    const ask = price.ask ?? price.bid.plus(pointOf(spec).times(spec.spread));
    if (price.bid.lte(0) || ask.lt(price.bid))
      throw new BrokerError('bid must be above 0 and ask not below it');
    this.transact(() => {
      if (utcMs !== null) this.#holdClock(utcMs, false);
      this.#applyQuote(spec, price.bid, ask);
    });
  }

  /** Walks a symbol `steps` random steps; with `stepSeconds` > 0 the clock is held and moves along. */
  walk(symbol: string, steps: number, stepSeconds: number): void {
    const spec = this.symbol(symbol);
    this.transact(() => {
      for (let step = 0; step < steps; step += 1) {
        if (stepSeconds > 0) this.#holdClock(this.state.nowMs() + stepSeconds * 1000, false);
        this.#applyStep(spec, Math.sqrt(Math.max(stepSeconds, 1) / 3600));
      }
    });
  }

  /** Reads a symbol's candles from a file in place; its last close is the price, the end of its last bar the time. */
  loadCandles(symbol: string, timeframe: Timeframe, file: string): { lastClose: string; nowMs: number } {
    const spec = this.symbol(symbol);
    return this.transact(() => {
      const last = this.state.putSeries(symbol, { kind: 'file', file, timeframe });
      const nowMs = last.time + TIMEFRAME_MS[timeframe];
      this.#holdClock(nowMs, true);
      const bid = pointOf(spec).times(last.close);
      const ask = bid.plus(pointOf(spec).times(spec.spread));
      const rng = this.state.tables.quote.get(symbol)?.rng ?? seedFor(this.#seed, symbol);
      this.state.put('quote', symbol, { symbol, bid: plain(bid), ask: plain(ask), time: nowMs, rng });
      runTriggers(this.state, symbol);
      return { lastClose: plain(bid), nowMs };
    });
  }

  /** Holds the simulated clock at `utcMs`; going forward books every expiry and rollover on the way. */
  setClock(utcMs: number): void {
    this.transact(() => this.#holdClock(utcMs, true));
  }

  /** Changes a symbol's terms. */
  changeSymbol(symbol: string, terms: Partial<SymbolRecord>): void {
    const spec = this.symbol(symbol);
    this.transact(() => this.state.put('symbol', symbol, { ...spec, ...terms, symbol }));
  }

  symbol(symbol: string): SymbolRecord {
    if (!this.state.tables.symbol.has(symbol)) throw new BrokerError(`no symbol ${symbol}`);
    return specOf(this.state, symbol);
  }

  close(): void {
    this.#log.close();
  }

  #openMarket(): void {
    const nowMs = this.state.nowMs();
    this.state.put('clock', 'clock', { mode: 'real', now: nowMs, processed: nowMs });
    for (const spec of SYMBOL_DEFAULTS) {
      const { symbol } = spec;
      const ask = dec(spec.start_price).plus(pointOf(spec).times(spec.spread));
      const rng = seedFor(this.#seed, symbol);
      this.state.put('symbol', symbol, spec);
      this.state.put('quote', symbol, { symbol, bid: spec.start_price, ask: plain(ask), time: nowMs, rng });
      this.#inventHistory(spec, nowMs);
    }
  }

  #inventHistory(spec: SymbolRecord, endMs: number): void {
    const bid = this.state.tables.quote.get(spec.symbol)?.bid ?? spec.start_price;
    const closePoints = dec(bid).div(pointOf(spec)).toNumber();
    this.state.putSeries(spec.symbol, { kind: 'invented', seed: this.#seed, endMs, closePoints });
  }

  #holdClock(utcMs: number, mayGoBack: boolean): void {
    const before = this.state.nowMs();
    if (utcMs < before && !mayGoBack) throw new BrokerError('time goes forward only; /clock can set it back');
    if (utcMs >= before) passTime(this.state, utcMs);
    this.state.put('clock', 'clock', { mode: 'held', now: utcMs, processed: utcMs });
    if (utcMs >= before) return;
    // Back in time the invented candles would lie in the future: they are made anew to end now.
    for (const spec of this.state.tables.symbol.values()) {
      if (!this.state.candles.hasLoaded(spec.symbol)) this.#inventHistory(spec, utcMs);
    }
  }

  #applyStep(spec: SymbolRecord, scale: number): void {
    const quote = this.state.tables.quote.get(spec.symbol);
    if (!quote) throw new Error(`no quote for ${spec.symbol}`);
    const point = pointOf(spec);
    const step = nextStep(quote.rng, spec.hourly_sigma_points * scale);
    const moved = dec(quote.bid).plus(point.times(step.points));
    // A tenth of the starting price is the floor, so that no walk ever reaches zero.
    const bid = moved.lt(dec(spec.start_price).div(10)) ? dec(quote.bid) : moved;
    this.state.put('quote', spec.symbol, { ...quote, rng: step.state });
    this.#applyQuote(spec, bid, bid.plus(point.times(spec.spread)));
  }

  #applyQuote(spec: SymbolRecord, bid: Decimal, ask: Decimal): void {
    const { symbol } = spec;
    const time = this.state.nowMs();
    const rng = this.state.tables.quote.get(symbol)?.rng ?? 0;
    this.state.put('quote', symbol, { symbol, bid: plain(bid), ask: plain(ask), time, rng });
    const points = Math.round(bid.div(pointOf(spec)).toNumber());
    for (const timeframe of this.state.candles.timeframesOf(symbol)) {
      const bar = this.state.candles.barWithTick(symbol, timeframe, time, points);
      if (bar) this.state.putBar(symbol, timeframe, bar);
    }
    runTriggers(this.state, symbol);
  }
}

function faultRetcode(kind: string): number {
  return kind === 'requote' ? RETCODE.requote : Number(kind.slice('reject:'.length));
}

function checkTimeZone(tz: string): void {
  try {
    serverOffsetMs(tz, 0);
  } catch {
    throw new BrokerError(`server_tz ${tz} is neither NY+7 nor a fixed offset nor an IANA zone`);
  }
}
