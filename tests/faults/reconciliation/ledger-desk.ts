// One account at a broker of its own, and how what a person, the market or the broker does to its books happens to it.
import { Big } from 'big.js';
import type { Json } from '../../../infra/local/api-client.ts';
import { Desk } from '../execution/desk.ts';
import type { Step as OrderStep } from '../execution/schedule.ts';
import type { Stage } from '../stage.ts';
import { isBusy } from '../stored-time.ts';
import { judgeQuiet, sum } from './invariants.ts';
import { nets } from './ledger-schedule.ts';
import { BOOK_ACTIONS, type BookStep, type Instrument, type Step } from './ledger-step.ts';

const BALANCE = '20000';
/** The broker's clock is ahead of ours by so much when an account is bound: what follows is news. */
const AHEAD_MS = 60_000;
const DAY_MS = 86_400_000;
/** Named like one of our instruments, and mapped to none. */
export const ODD_SYMBOL = 'BTCUSD.x';
/** So that every sort of money is met: commission and fee on each deal, swap for each night. */
const COSTS = { commission: '3.57', fee: '0.43', swap_long: '-7.77', swap_short: '1.31' };
/** Another program's number, in no namespace of ours. */
const FOREIGN_MAGIC = '4711';
const STOP_PERMILLE = 15;
const LIMIT_PERMILLE = 6;
const DIGITS = 2;
const LOT = new Big('0.01');
const NIGHT_SECONDS = 86_400;
const EXPIRES_HOURS = 3;
/** What is left above the margin when an account is to be stopped out. */
const SPARE = 40;

export class LedgerDesk {
  readonly desk: Desk;
  /** Money that a deal had booked before the broker cancelled it, by ticket. */
  readonly cancelled = new Map<string, Big>();
  /** What was wrong while the schedule went on. */
  readonly wrong: string[] = [];
  /** How often each action did something, and was judged while nothing was under way. */
  readonly done = new Map<string, number>();
  judged = 0;
  #aheadMs = 0;

  private constructor(desk: Desk) {
    this.desk = desk;
  }

  /** The account of a schedule, bound and resumed. */
  static async open(stage: Stage, index: number): Promise<LedgerDesk> {
    const margin_mode = nets(index) ? 'netting' : 'hedging';
    const heldAtMs = Date.now() + AHEAD_MS;
    const desk = await Desk.open(stage, index, { margin_mode, balance: BALANCE, symbol: COSTS, heldAtMs });
    desk.site.control('POST /symbols', { symbol: ODD_SYMBOL, like: 'BTCUSD' });
    // A large charge is a fall, and nothing is to be closed for it: the guard has schedules of its own.
    await stage.sql(
      `INSERT INTO guards (account_id, settings, updated_at) VALUES ($1, '{"mode": "off"}', now())
       ON CONFLICT (account_id) DO UPDATE SET settings = excluded.settings`,
      [desk.accountId],
    );
    return new LedgerDesk(desk);
  }

  /** The account as the broker has it. */
  get broker(): Json {
    const { login } = this.desk;
    return this.desk.site.control('GET /state', { login }).accounts[0];
  }

  async take(step: Step): Promise<void> {
    if (isBookStep(step)) {
      const acted = await this.#book(step);
      this.#count(step.do, acted ? 1 : 0);
      return;
    }
    this.#count(step.do, 1);
    const { shown } = this.desk.site;
    const before = shown.length;
    await this.desk.take(step);
    if (step.do === 'reconcile' && step.wait && shown.length > before) await this.#judgeIfQuiet();
  }

  #count(name: string, times: number): void {
    this.done.set(name, (this.done.get(name) ?? 0) + times);
  }

  /** Where nobody is at work, no fault is armed and the last run applied all there is, the books must be the broker's now. */
  async #judgeIfQuiet(): Promise<void> {
    const { site, stage, accountId } = this.desk;
    const before = site.control('GET /state');
    if (before.faults.length > 0 || site.busy > 0 || (await isBusy(stage.sql, accountId))) return;
    const [row] = await stage.sql('SELECT boot_id, bridge_seq::text AS seq FROM accounts WHERE id = $1', [
      accountId,
    ]);
    const last = site.shown.at(-1);
    if (last === undefined || last.spoiled || last.after !== site.order) return;
    // The same once more is none that was applied now.
    if (site.shown.some((s) => s !== last && s.bootId === last.bootId && s.seq >= last.seq)) return;
    if (row.boot_id !== last.bootId || Number(row.seq) !== last.seq) return;
    const found = await judgeQuiet(this);
    const after = site.control('GET /state');
    // Somebody else's reconciliation may have been under way, or what it set off.
    if (JSON.stringify(before.accounts) !== JSON.stringify(after.accounts) || site.shown.at(-1) !== last)
      return;
    this.judged += 1;
    this.wrong.push(...found.map((text) => `in between: ${text}`));
  }

  /** Whether there was anything to do it to. */
  async #book(step: BookStep): Promise<boolean> {
    switch (step.do) {
      case 'open':
        return this.#open(step);
      case 'odd':
        return this.#trade({ symbol: ODD_SYMBOL, side: 'buy', volume: '0.02' });
      case 'out':
        return this.#out(step.nth, false);
      case 'part':
        return this.#out(step.nth, true);
      case 'turn':
        return this.#turn(step.instrument);
      case 'pair':
        return this.#pair(step.instrument, step.even);
      case 'stops':
        return this.#stops(step);
      case 'place':
        return this.#place(step);
      case 'shift':
        return this.#withOrder(step.nth, (o) =>
          this.#trade({ modify_order: o.ticket, price: this.#off(o.price_open, -2) }),
        );
      case 'take-back':
        return this.#withOrder(step.nth, (o) => this.#trade({ cancel: o.ticket }));
      case 'hit':
        return this.#hit(step);
      case 'stop-out':
        return this.#stopOut();
      case 'cash':
        return this.#cash(step);
      case 'charge':
        return this.#say('POST /charge', { type: step.type, amount: this.#money(-step.amount) });
      case 'night':
        return this.#clock(step.nights * NIGHT_SECONDS * 1000);
      case 'clock':
        return this.#clock(step.minutes * 60_000);
      case 'ahead':
        return this.#ahead();
      case 'late':
        return this.#late();
      case 'cancel-deal':
        return this.#cancelDeal(step.nth);
      case 'ticket':
        return this.#withPosition(step.nth, (p) =>
          this.#say('POST /ticket', { position: p.ticket, deals: step.deals }),
        );
      case 'boot':
        this.desk.site.control('POST /restart', { empty_history: step.emptyHistory });
        return true;
      case 'twice':
        await Promise.all([this.desk.reconcile(), this.desk.reconcile(), this.desk.stage.tick()]);
        return true;
    }
  }

  async #open({ instrument, side, lots, stops, as }: Extract<BookStep, { do: 'open' }>): Promise<boolean> {
    const magic = as === 'hand' ? undefined : await this.#magic(as);
    if (magic === null) return false;
    const { bid } = this.#quote(instrument);
    const sign = side === 'buy' ? 1 : -1;
    const levels = { sl: this.#off(bid, -sign * STOP_PERMILLE), tp: this.#off(bid, sign * STOP_PERMILLE) };
    return this.#trade({
      ...{ symbol: instrument, side, volume: LOT.times(lots).toFixed() },
      ...(stops ? levels : {}),
      ...(magic === undefined ? {} : { magic }),
    });
  }

  /** Of a program of another's, of an order that another account of ours was given, or of one of this account's own. */
  async #magic(as: 'program' | 'orphan' | 'twin'): Promise<string | null> {
    if (as === 'program') return FOREIGN_MAGIC;
    const { stage, accountId } = this.desk;
    const own = as === 'twin';
    const [row] = await stage.sql(
      `SELECT magic::text FROM commands WHERE (account_id = $1) = $2 AND kind = 'open' AND ($2 = false OR position_id IS NOT NULL)
         ORDER BY created_at LIMIT 1`,
      [accountId, own],
    );
    return row?.magic ?? null;
  }

  #out(nth: number, part: boolean): boolean {
    return this.#withPosition(nth, (p) => {
      const some = new Big(p.volume).div(3).round(DIGITS, Big.roundUp);
      const volume = part && some.lt(p.volume) ? { volume: some.toFixed() } : {};
      return this.#trade({ close: p.ticket, ...volume });
    });
  }

  #turn(instrument: Instrument): boolean {
    const open = this.broker.positions.find((p: Json) => p.symbol === instrument);
    if (open === undefined) return false;
    const side = open.type === 'buy' ? 'sell' : 'buy';
    return this.#trade({ symbol: instrument, side, volume: new Big(open.volume).plus('0.03').toFixed() });
  }

  #pair(instrument: Instrument, even: boolean): boolean {
    const { margin_mode } = this.broker;
    if (margin_mode !== 'hedging') return false;
    const two = () =>
      ['buy', 'sell'].map((type) =>
        this.broker.positions.find((p: Json) => p.symbol === instrument && p.type === type),
      );
    for (const [i, side] of (['buy', 'sell'] as const).entries())
      if (two()[i] === undefined)
        this.#trade({ symbol: instrument, side, volume: even || i === 0 ? '0.05' : '0.07' });
    const [long, short] = two();
    if (long === undefined || short === undefined) return false;
    return this.#trade({ close_by: [long.ticket, short.ticket] });
  }

  #stops({ nth, set }: Extract<BookStep, { do: 'stops' }>): boolean {
    return this.#withPosition(nth, (p) => {
      const sign = p.type === 'buy' ? 1 : -1;
      const at = (permille: number) => this.#off(p.price_current, permille * sign);
      const levels = set ? { sl: at(-2 * STOP_PERMILLE), tp: at(2 * STOP_PERMILLE) } : { sl: null, tp: null };
      return this.#trade({ modify: p.ticket, ...levels });
    });
  }

  #place({ instrument, side, lots, expires }: Extract<BookStep, { do: 'place' }>): boolean {
    const { bid, ask } = this.#quote(instrument);
    const price = side === 'buy' ? this.#off(ask, -LIMIT_PERMILLE) : this.#off(bid, LIMIT_PERMILLE);
    const now = Date.parse(this.desk.site.control('GET /state').clock.now);
    const until = new Date(now + EXPIRES_HOURS * 3_600_000).toISOString();
    const ends = expires ? { expiration: 'specified', expires_at: until } : {};
    const volume = LOT.times(lots).toFixed();
    return this.#trade({ place: `${side}_limit`, symbol: instrument, volume, price, ...ends });
  }

  #hit({ nth, what }: Extract<BookStep, { do: 'hit' }>): boolean {
    const toward = (symbol: string, bid: string) => this.#say('POST /tick', { symbol, bid }, false);
    if (what === 'order')
      return this.#withOrder(nth, (o) => {
        const buys = o.type.startsWith('buy');
        return toward(o.symbol, this.#off(o.price_open, buys ? -3 : 3));
      });
    const among = this.broker.positions.filter((p: Json) => p[what] !== null);
    const p = among[nth % among.length];
    if (p === undefined) return false;
    const down = (p.type === 'buy') === (what === 'sl');
    return toward(p.symbol, this.#off(p[what], down ? -1 : 1));
  }

  /** Nearly all that no position needs goes out, and then the market turns on what is left. */
  #stopOut(): boolean {
    const { positions, margin_free } = this.broker;
    if (positions.length === 0 || new Big(margin_free).lte(SPARE)) return false;
    this.#say('POST /deposit', { amount: new Big(SPARE).minus(margin_free).toFixed() });
    const [{ symbol, type, price_current }] = positions;
    return this.#say(
      'POST /tick',
      { symbol, bid: this.#off(price_current, type === 'buy' ? -250 : 250) },
      false,
    );
  }

  #cash({ what, amount }: Extract<BookStep, { do: 'cash' }>): boolean {
    const route = what === 'deposit' || what === 'withdrawal' ? 'POST /deposit' : 'POST /credit';
    return this.#say(route, {
      amount: this.#money(what === 'deposit' || what === 'credit' ? amount : -amount),
    });
  }

  #clock(byMs: number): boolean {
    const now = Date.parse(this.desk.site.control('GET /state').clock.now);
    return this.#say('POST /clock', { now: new Date(now + byMs).toISOString() }, false);
  }

  /** Something is traded while the server's clock is days ahead of everybody's. */
  #ahead(): boolean {
    const nowMs = Date.parse(this.desk.site.control('GET /state').clock.now);
    this.#aheadMs = Math.max(nowMs, Date.now()) + 2 * DAY_MS;
    const say = (ms: number) => this.#say('POST /clock', { now: new Date(ms).toISOString() }, false);
    say(this.#aheadMs);
    const traded = this.#trade({ symbol: 'BTCUSD', side: 'buy', volume: '0.01' });
    say(nowMs);
    return traded;
  }

  /** The server's clock comes to where it was once ahead, so that nothing it has dated lies before us any more. */
  catchUp(): void {
    const nowMs = Date.parse(this.desk.site.control('GET /state').clock.now);
    if (nowMs < this.#aheadMs) this.#clock(this.#aheadMs - nowMs);
  }

  /** For our working orders so much time goes by that they should have ended, while the broker's clock stands. */
  async #late(): Promise<boolean> {
    const rows = await this.desk.stage.sql(
      `UPDATE commands SET instruction = jsonb_set(instruction, '{order,expires_at}', to_jsonb('2026-01-01T00:00:00.000Z'::text))
       WHERE account_id = $1 AND state = 'placed' AND instruction->'order' ? 'expires_at' RETURNING id`,
      [this.desk.accountId],
    );
    return rows.length > 0;
  }

  /** The broker takes back the `nth` deal of those that it can; what that had booked is remembered. */
  #cancelDeal(nth: number): boolean {
    const deals: Json[] = this.broker.deals.filter(
      (d: Json) => (d.type === 'buy' || d.type === 'sell') && (d.entry === 'in' || d.entry === 'out'),
    );
    const deal = deals[nth % deals.length];
    if (deal === undefined || deal.reason === 'rollover') return false;
    // Whoever cancels an opening has cancelled what closed it, or that would close nothing.
    if (deal.entry === 'in' && deals.some((d) => d.position_id === deal.position_id && d.entry === 'out'))
      return false;
    const money = [deal.profit, deal.swap, deal.commission, deal.fee];
    if (!this.#say('POST /cancel-deal', { deal: deal.ticket })) return false;
    this.cancelled.set(deal.ticket, sum(money));
    return true;
  }

  #withPosition(nth: number, act: (position: Json) => boolean): boolean {
    const { positions } = this.broker;
    return positions.length > 0 && act(positions[nth % positions.length]);
  }

  #withOrder(nth: number, act: (order: Json) => boolean): boolean {
    const { orders } = this.broker;
    return orders.length > 0 && act(orders[nth % orders.length]);
  }

  #trade(body: object): boolean {
    return this.#say('POST /manual-trade', body);
  }

  /** A control request; false where the broker refuses it, which it may for want of money or of an order to do it to. */
  #say(route: string, body: object, ofAccount = true): boolean {
    try {
      this.desk.site.control(route, ofAccount ? { login: this.desk.login, ...body } : body);
      return true;
    } catch {
      return false;
    }
  }

  #quote(instrument: Instrument): { bid: string; ask: string } {
    const { symbols } = this.desk.site.control('GET /state', { login: this.desk.login });
    return symbols.find((s: Json) => s.symbol === instrument);
  }

  /** A price so many thousandths off another. */
  #off(price: string, permille: number): string {
    return new Big(price)
      .times(1000 + permille)
      .div(1000)
      .toFixed(DIGITS);
  }

  #money(cents: number): string {
    return new Big(cents).div(100).toFixed(DIGITS);
  }
}

const BOOK: ReadonlySet<string> = new Set(BOOK_ACTIONS);
const isBookStep = (step: Step): step is Exclude<Step, OrderStep> => BOOK.has(step.do);
