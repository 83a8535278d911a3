// The broker itself: accounts, market and trade server behind one journal.
// Invariants: every public method that changes something is one transaction, which is one fsynced line of the journal
// or nothing; the clock is injected; opening the same journal again gives the same broker.
import { join } from 'node:path';
import { isKnownCurrency, specOf } from './account-figures.ts';
import { AppendLog } from './append-log.ts';
import { BrokerError } from './broker-error.ts';
import type { AccountRecord, CashType, DealRecord, PositionRecord, SymbolRecord } from './broker-records.ts';
import { BrokerState, type Change } from './broker-state.ts';
import type { Timeframe } from './candle-book.ts';
import { bookCash } from './deal-booking.ts';
import { cancelDeal } from './deal-cancel.ts';
import type { Decimal } from './decimal.ts';
import { takeFault } from './fault-book.ts';
import { Market } from './market.ts';
import { orderSend } from './order-send.ts';
import { isAccepted, RETCODE, retcodeNamed } from './retcodes.ts';
import { ACCOUNT_DEFAULTS } from './row-defaults.ts';
import { serverOffsetMs } from './server-clock.ts';
import { changeTicket } from './ticket-change.ts';
import { passTime } from './time-passage.ts';
import { refusal, type TradeAnswer, type TradeRequest } from './trade-request.ts';

export interface EngineOptions {
  /** Folder of the journal `broker.jsonl`, or an array in place of the file. */
  dir: string | unknown[];
  realNowMs: () => number;
  seed: number;
  /** Where given, a new broker starts with its clock held there (UTC ms). */
  heldAtMs?: number | undefined;
}

type Optional = keyof typeof ACCOUNT_DEFAULTS;
type Made = 'balance' | 'credit' | 'trade_allowed' | 'currency_digits';
export type NewAccount = Omit<AccountRecord, Made | Optional> & Partial<Pick<AccountRecord, Optional>>;

export class BrokerEngine {
  readonly state: BrokerState;
  readonly #log: AppendLog;
  readonly #market: Market;

  constructor(options: EngineOptions) {
    this.state = new BrokerState(options.realNowMs);
    this.#market = new Market(this.state, options.seed);
    const journal = typeof options.dir === 'string' ? join(options.dir, 'broker.jsonl') : options.dir;
    this.#log = AppendLog.open(journal, (entry) => {
      // The file is our own and every line was written whole, so its shape is not in doubt.
      for (const change of entry as Change[]) this.state.apply(change);
    });
    this.transact(() => this.#market.open(options.heldAtMs));
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
    return this.transact(() => this.#createAccount(terms, deposit));
  }

  /** Opens many accounts in one transaction; returns how many are new. */
  createAccounts(all: readonly { terms: NewAccount; deposit: Decimal }[]): number {
    return this.transact(
      () => all.filter(({ terms, deposit }) => this.#createAccount(terms, deposit).created).length,
    );
  }

  #createAccount(terms: NewAccount, deposit: Decimal): { created: boolean; account: AccountRecord } {
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
    const digits = terms.currency === 'JPY' ? 0 : 2;
    const made = { currency_digits: digits, balance: '0', credit: '0', trade_allowed: true };
    const row = { ...ACCOUNT_DEFAULTS, ...terms, ...made };
    this.state.put('account', terms.login, row);
    if (deposit.gt(0)) bookCash(this.state, row, { type: 'balance', amount: deposit, comment: 'Deposit' });
    return { created: true, account: this.account(terms.login) };
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

  /** Cancels a deal as a broker does; returns it as it now reads and the deal that corrects the balance. */
  cancelDeal(login: string, deal: string): { deal: DealRecord; correction: DealRecord } {
    const account = this.account(login);
    return this.transact(() => {
      const done = cancelDeal(this.state, account, deal);
      if (typeof done === 'string') throw new BrokerError(done);
      return done;
    });
  }

  /** Gives an open position another ticket, as service operations of a server do; the identifier stays. */
  changeTicket(login: string, ticket: string, withDeals: boolean): PositionRecord {
    const account = this.account(login);
    const position = this.state.tables.position.get(ticket);
    if (position?.login !== login) throw new BrokerError(`no position ${ticket}`);
    return this.transact(() => changeTicket(this.state, account, position, withDeals));
  }

  /** Sends a request by hand; no faults, no execution count. */
  send(request: TradeRequest): TradeAnswer {
    return this.transact(() => orderSend(this.state, request));
  }

  /**
   * Sends the request of a bridge command. The truth about how often a command was sent and acted on is kept in the
   * same transaction, independent of the bridge's own journal. Armed `requote` and `reject:` faults answer here, and
   * `acted:` ones answer for a server that has done what it was asked to.
   */
  sendCommand(request: TradeRequest, command: { cmd_id: string; attempt: number }): TradeAnswer {
    return this.transact(() => {
      const { login, magic } = request;
      const fault = takeFault(this.state, { kinds: ['requote', 'reject:*'], login });
      const made = fault ? refusal(faultRetcode(fault.kind)) : orderSend(this.state, request);
      const isExecuted = isAccepted(made.retcode);
      const hidden = isExecuted ? takeFault(this.state, { kinds: ['acted:*'], login }) : null;
      const answer = hidden ? refusal(faultRetcode(hidden.kind)) : made;
      this.state.count(`retcode:${answer.retcode}`);
      const key = `${login}/${command.cmd_id}/${command.attempt}`;
      const before = this.state.tables.execution.get(key);
      this.state.put('execution', key, {
        ...command,
        login,
        magic,
        sent: (before?.sent ?? 0) + 1,
        executed: (before?.executed ?? 0) + (isExecuted ? 1 : 0),
      });
      return answer;
    });
  }

  /** A new quote at the simulated now, or at `utcMs`, which then holds the clock; runs all it sets off. */
  quote(symbol: string, price: { bid: Decimal; ask: Decimal | null }, utcMs: number | null): void {
    const spec = this.symbol(symbol);
    this.transact(() => this.#market.quote(spec, price, utcMs));
  }

  /** Walks a symbol `steps` random steps; with `stepSeconds` > 0 the clock is held and moves along. */
  walk(symbol: string, steps: number, stepSeconds: number): void {
    const spec = this.symbol(symbol);
    this.transact(() => this.#market.walk(spec, steps, stepSeconds));
  }

  /**
   * Reads a symbol's candles from a file in place; the last close is the price, the end of the last bar the time.
   * Candles from `untilMs` on are kept as the prices to come, for `playCandles`.
   */
  loadCandles(
    symbol: string,
    timeframe: Timeframe,
    file: string,
    untilMs?: number,
  ): { lastClose: string; nowMs: number } {
    const spec = this.symbol(symbol);
    return this.transact(() => this.#market.loadCandles(spec, { timeframe, file, untilMs }));
  }

  /** Plays up to `count` of the candles still to come, each a transaction; returns how many there were to play. */
  playCandles(symbol: string, count: number): number {
    const spec = this.symbol(symbol);
    let played = 0;
    while (played < count && this.transact(() => this.#market.playCandle(spec))) played += 1;
    return played;
  }

  /** Holds the simulated clock at `utcMs`; going forward books every expiry and rollover on the way. */
  setClock(utcMs: number): void {
    this.transact(() => this.#market.holdClock(utcMs, true));
  }

  /** Changes a symbol's terms. */
  changeSymbol(symbol: string, terms: Partial<SymbolRecord>): void {
    const spec = this.symbol(symbol);
    this.transact(() => this.state.put('symbol', symbol, { ...spec, ...terms, symbol }));
  }

  /** Offers a new symbol with the terms of another one, at that one's price and with a history of its own. */
  addSymbol(symbol: string, like: string): void {
    if (this.state.tables.symbol.has(symbol)) return;
    const spec = { ...this.symbol(like), symbol };
    this.transact(() =>
      this.#market.openSymbol(spec, this.state.tables.quote.get(like)?.bid ?? spec.start_price),
    );
  }

  symbol(symbol: string): SymbolRecord {
    if (!this.state.tables.symbol.has(symbol)) throw new BrokerError(`no symbol ${symbol}`);
    return specOf(this.state, symbol);
  }

  close(): void {
    this.#log.close();
  }
}

function faultRetcode(kind: string): number {
  return retcodeNamed(kind.split(':')[1] ?? '') ?? RETCODE.requote;
}

function checkTimeZone(tz: string): void {
  try {
    serverOffsetMs(tz, 0);
  } catch {
    throw new BrokerError(`server_tz ${tz} is neither NY+7 nor a fixed offset nor an IANA zone`);
  }
}
