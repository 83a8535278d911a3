// An account at the simulated broker in a world where things go wrong: time passes from one event to the next, and calls,
// messages and whoever works are lost, late, doubled or killed on the way.
import { AsyncLocalStorage } from 'node:async_hooks';
import { consume } from '../../../functions/jobs.ts';
import type { Outbound, OutboundReply } from '../../../functions/platform/outbound.ts';
import { sweepOutbox } from '../../../functions/platform/outbox-store.ts';
import type { WorkMessage } from '../../../functions/platform/work-queue.ts';
import { reconcileAccounts } from '../../../functions/reconciliation/reconcile-accounts.ts';
import { signReply } from '../../../infra/local/broker/bridge-signature.ts';
import type { DeskAtSimulator } from '../../support/desk-at-simulator.ts';
import type { PolledDesk } from '../../support/polled-desk.ts';
import { DECOY_LOGIN, SYMBOLS, type TradedSymbol } from './guard-step.ts';
import { GuardTruth } from './guard-truth.ts';

const LOOK_MS = 2_000;
const MINUTE_MS = 60_000;
/** A message whose consumer died comes again after so long. */
const AGAIN_MS = 30_000;
/** How long a call takes that such a fault delays. */
const TAKES_MS: Readonly<Record<string, number>> = {
  slow: 4_000,
  reorder: 2_000,
  timeout_before: 10_000,
  timeout_after: 10_000,
};
const SPREAD: Readonly<Record<TradedSymbol, number>> = { XAUUSD: 0.2, EURUSD: 0.00008 };
const DIGITS: Readonly<Record<TradedSymbol, number>> = { XAUUSD: 2, EURUSD: 5 };

export type Outage = 'market' | 'trading' | 'bridge' | 'cloud';
/** `polled`: its exchanges in place of calls. */
export type WorldTerms = { at: DeskAtSimulator; polled: PolledDesk | null; guards: boolean };
type Event = { atMs: number; run: () => void };

export class GuardWorld {
  readonly at: DeskAtSimulator;
  readonly polled: PolledDesk | null;
  readonly guards: boolean;
  readonly truth: GuardTruth;
  readonly login: string;
  /** Until when something is out. */
  readonly out: Record<Outage, number> = { market: 0, trading: 0, bridge: 0, cloud: 0 };
  /** When anything went wrong, or was done by hand, that may delay a look. */
  readonly disturbedMs: number[] = [];
  /** From when until when something was out. */
  readonly outages: { of: Outage; fromMs: number; toMs: number }[] = [];
  /** Faults of the queue and of whoever works, and how often each has come about. */
  readonly queueFaults: ('lose' | 'double')[] = [];
  readonly deaths: ('snapshot' | 'execute' | 'message')[] = [];
  readonly reached = new Map<string, number>();
  /** What the next snapshot is shown in place of the price, or of the equity. */
  spike: number | null = null;
  figure: string | null = null;
  readonly afterCapture: (() => void)[] = [];
  readonly #bids: Record<TradedSymbol, number> = { XAUUSD: 2_034.9, EURUSD: 1.085 };
  readonly #events: Event[] = [];
  readonly #waiting: { message: WorkMessage; dueMs: number }[] = [];
  #nextSyncMs = 0;
  /** Ends whoever is at work. */
  readonly #life = new AsyncLocalStorage<() => void>();

  constructor({ at, polled, guards }: WorldTerms) {
    this.at = at;
    this.polled = polled;
    this.guards = guards;
    this.login = at.desk.account.login;
    this.truth = new GuardTruth(at);
    const { clock, queue } = at.deps;
    clock.sleep = async (ms) => this.#elapse(ms);
    queue.send = async (messages, seconds = 0) => this.#enqueue(messages, seconds);
    at.deps.sendSoon = (messages) => void this.#enqueue(messages, 0);
    at.deps.outbound = this.#wire(at.deps.outbound);
    at.control('/guard', { login: this.login, enabled: guards });
    at.control('/accounts', {
      ...{ login: DECOY_LOGIN, server: 'Demo-1', currency: 'USD', margin_mode: 'hedging', balance: '10000' },
    });
  }

  get nowMs(): number {
    return this.at.deps.clock.nowMs();
  }

  count(name: string, times = 1): void {
    this.reached.set(name, (this.reached.get(name) ?? 0) + times);
  }

  disturb(): void {
    if (this.disturbedMs.at(-1) !== this.nowMs) this.disturbedMs.push(this.nowMs);
  }

  /** Moves a price, and says so to whoever trades by it. */
  quote(symbol: TradedSymbol, bid: number): void {
    this.#bids[symbol] = Number(bid.toFixed(DIGITS[symbol]));
    this.#requote();
  }
  bid = (symbol: TradedSymbol): number => this.#bids[symbol];

  /** Something is out for so long. */
  outage(of: Outage, seconds: number): void {
    const { nowMs } = this;
    this.out[of] = Math.max(this.out[of], nowMs + seconds * 1_000);
    this.outages.push({ of, fromMs: nowMs, toMs: this.out[of] });
    this.#switch();
    this.#events.push({ atMs: this.out[of], run: () => this.#switch() });
    this.disturb();
    this.count(`outage of ${of}`);
  }

  later(ms: number, run: () => void): void {
    this.#events.push({ atMs: this.nowMs + ms, run });
  }

  /** No fault is armed any more, and nothing is out. */
  endFaults(): void {
    const { faults } = this.state();
    for (const { kind, login } of faults)
      this.at.control('/fault', { kind, times: 0, ...(login === null ? {} : { login }) });
    for (const of of Object.keys(this.out) as Outage[]) this.out[of] = 0;
    for (const outage of this.outages) outage.toMs = Math.min(outage.toMs, this.nowMs);
    this.queueFaults.length = 0;
    this.deaths.length = 0;
    this.spike = null;
    this.figure = null;
    for (const run of this.afterCapture.splice(0)) run();
    this.#switch();
    this.disturb();
  }

  // biome-ignore lint/suspicious/noExplicitAny: the broker's whole state.
  state(): any {
    return this.at.book();
  }

  /** Lets time pass, from one event to the next. */
  async pass(seconds: number): Promise<void> {
    const endMs = this.nowMs + seconds * 1_000;
    while (this.nowMs < endMs) {
      const nowMs = this.nowMs;
      const due = [
        ...[endMs, gridAfter(nowMs, MINUTE_MS), this.polled === null ? endMs : this.#nextSyncMs],
        ...this.#waiting.map((w) => w.dueMs),
        ...this.#events.map((e) => e.atMs),
        ...(this.guards && this.#isWatched() ? [gridAfter(nowMs, LOOK_MS)] : []),
      ];
      const next = Math.max(nowMs + 1, Math.min(endMs, ...due));
      const isMinute = Math.floor(next / MINUTE_MS) > Math.floor(nowMs / MINUTE_MS);
      this.#moveTo(next);
      if (this.isOut('cloud')) continue;
      if (this.polled !== null && this.#nextSyncMs <= this.nowMs) await this.#sync();
      if (isMinute) await this.#mortal(() => this.#tick());
      await this.work();
    }
  }

  isOut = (of: Outage): boolean => this.out[of] > this.nowMs;

  /** Two look at once. */
  async twice(): Promise<void> {
    const message = { kind: 'reconcile' as const, account_id: this.at.desk.account.id };
    if (this.isOut('cloud')) return;
    await Promise.all([this.#consume(message), this.#consume(message)]);
    this.disturb();
  }

  /** Does what is due. */
  async work(): Promise<void> {
    for (;;) {
      const due = this.#waiting.findIndex(({ dueMs }) => dueMs <= this.nowMs);
      const [next] = due < 0 ? [] : this.#waiting.splice(due, 1);
      if (next === undefined) return;
      await this.#consume(next.message);
    }
  }

  /** Work of somebody who may die of it. */
  #mortal<T>(work: () => Promise<T>): Promise<T | 'died'> {
    return new Promise((resolve, reject) => {
      this.#life.run(
        () => resolve('died'),
        () => void work().then(resolve, reject),
      );
    });
  }

  async #consume(message: WorkMessage): Promise<void> {
    const end = await this.#mortal(() => consume(this.at.deps, [message]));
    if (end !== 'died' && end.size === 0) return;
    this.disturb();
    this.#waiting.push({ message, dueMs: this.nowMs + AGAIN_MS });
  }

  /** What the tick does for the books; its chores are not of interest here. */
  async #tick(): Promise<void> {
    const { deps } = this.at;
    const events = await sweepOutbox(deps.db, this.nowMs, 500);
    await deps.queue.send(events.map((id) => ({ kind: 'outbox' as const, id })));
    await reconcileAccounts(deps);
  }

  #enqueue(messages: readonly WorkMessage[], seconds: number): Promise<void> {
    if (messages.length > 0 && this.#dies('message')) return this.#dead();
    const dueMs = this.nowMs + seconds * 1_000;
    for (const message of messages) {
      const fault = this.queueFaults.shift();
      if (fault !== undefined) {
        this.count(`queue: ${fault}`);
        this.disturb();
      }
      if (fault !== 'lose') this.#waiting.push({ message, dueMs });
      if (fault === 'double') this.#waiting.push({ message, dueMs: dueMs + 1_000 });
    }
    return Promise.resolve();
  }

  #dies = (before: string): boolean => this.deaths[0] === before && this.#life.getStore() !== undefined;

  /** Whoever asked is no more: nothing after this is done. */
  #dead(): Promise<never> {
    this.count(`died before: ${this.deaths.shift()}`);
    this.disturb();
    this.#life.getStore()?.();
    return new Promise<never>(() => {});
  }

  #wire(outbound: Outbound): Outbound {
    return async (request) => {
      const { kind } = JSON.parse(request.body) as { kind: string };
      if (this.#dies(kind)) return this.#dead();
      if (this.isOut('bridge')) {
        this.disturb();
        return { kind: 'failed', effect: 'none', word: 'unreachable' };
      }
      const before = this.#uses();
      const reply =
        kind === 'snapshot' ? await this.#captured(() => outbound(request)) : await outbound(request);
      this.truth.note();
      const used = [...this.#uses()].find(([name, n]) => n > (before.get(name) ?? 0))?.[0];
      if (used !== undefined) this.disturb();
      this.#elapse(TAKES_MS[used ?? ''] ?? 0);
      const tooLarge = reply.kind === 'reply' && reply.body.length > request.maxBytes;
      if (tooLarge) return { kind: 'failed', effect: 'unknown', word: 'too-large' };
      return kind === 'snapshot' && this.figure !== null ? this.#misread(request, reply) : reply;
    };
  }

  /** With the price of a spike, if there is one, for as long as it is asked. */
  async #captured<R extends object>(ask: () => Promise<R>): Promise<R> {
    const { spike } = this;
    const usual = this.#bids.XAUUSD;
    if (spike !== null) {
      this.spike = null;
      this.quote('XAUUSD', spike);
      this.truth.note();
      this.count('spike');
      this.disturb();
    }
    // One that polls shows the account before it hears what to do.
    if (this.polled !== null) this.truth.capture(this.nowMs);
    const reply = await ask();
    if (this.polled === null) this.truth.capture(capturedOf(reply) ?? this.nowMs);
    if (spike !== null) this.quote('XAUUSD', usual);
    for (const run of this.afterCapture.splice(0)) run();
    return reply;
  }

  /** The same reply, signed as well, with another equity and a balance to fit it where it is a number. */
  #misread({ headers, body }: Parameters<Outbound>[0], reply: OutboundReply): OutboundReply {
    const equity = this.figure ?? '';
    this.figure = null;
    if (reply.kind !== 'reply') return reply;
    const shown = parse(reply.body);
    if (shown?.account === undefined) return reply;
    this.count(`figure: ${equity}`);
    this.disturb();
    const floating = Number(shown.account.profit);
    const fits = equity === '0' || equity.startsWith('-');
    const account = {
      ...shown.account,
      equity,
      ...(fits ? { balance: (Number(equity) - floating).toFixed(2) } : {}),
    };
    const bytes = Buffer.from(JSON.stringify({ ...shown, account }));
    const said = {
      ...{ status: reply.status, nonce: headers['x-nonce'] ?? '', requestBody: Buffer.from(body) },
      ...{ timestamp: reply.headers.get('x-timestamp') ?? '', body: bytes },
    };
    const secret = `whsec_${Buffer.from(this.at.desk.bridge.secret).toString('base64')}`;
    const signed = new Headers(reply.headers);
    signed.set('x-signature', signReply(secret, said));
    return { ...reply, headers: signed, body: new Uint8Array(bytes) };
  }

  async #sync(): Promise<void> {
    const { polled } = this;
    if (polled === null) return;
    const before = this.#uses();
    if (this.isOut('bridge')) this.disturb();
    const { nextMs } = await this.#captured(() => polled.sync(this.isOut('bridge') ? 'dropped' : 'ok'));
    if ([...this.#uses()].some(([name, n]) => n > (before.get(name) ?? 0))) this.disturb();
    this.truth.note();
    this.#nextSyncMs = this.nowMs + nextMs;
  }

  #uses(): Map<string, number> {
    const { counter } = this.at.host.engine.state.tables;
    return new Map(
      [...counter].flatMap(([k, n]) => (k.startsWith('fault:') ? [[k.slice(6), n] as const] : [])),
    );
  }

  /** Time passes while somebody of ours waits: at the broker and in its bridge all goes on. */
  #elapse(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      const grid = this.guards ? gridAfter(this.nowMs, LOOK_MS) : endMs;
      this.#moveTo(Math.min(endMs, grid, ...this.#events.map((e) => Math.max(e.atMs, this.nowMs + 1))));
    }
  }

  #moveTo(ms: number): void {
    this.at.deps.clock.set(ms);
    this.at.control('/clock', { now: new Date(ms).toISOString() });
    for (const event of this.#events.splice(0)) {
      if (event.atMs <= ms) event.run();
      else this.#events.push(event);
    }
    this.#requote();
    if (this.guards && ms % LOOK_MS === 0) this.#guardLook(ms);
    this.truth.note();
  }

  #guardLook(ms: number): void {
    const now = new Date(ms).toISOString();
    // Its process may die by what it does, and begins anew.
    let said: { urgent: boolean } | null = null;
    try {
      said = this.at.control('/guard', { login: this.login, steps: 1, now }) as { urgent: boolean };
    } catch (e) {
      if (!(e instanceof Error && e.message.includes('crashed'))) throw e;
      this.disturb();
    }
    if (said?.urgent) this.#nextSyncMs = ms;
  }

  #isWatched(): boolean {
    const { state } = this.at.host.engine;
    const { phase, order } = this.at.host.bridgeContext().guards.state(this.login);
    const isBusy = state.positionsOf(this.login).length + state.ordersOf(this.login).length > 0;
    return isBusy || phase !== 'idle' || order?.close != null;
  }

  #requote(): void {
    for (const symbol of SYMBOLS) {
      if (symbol === 'XAUUSD' && this.isOut('market')) continue;
      const bid = this.#bids[symbol];
      const prices = {
        bid: bid.toFixed(DIGITS[symbol]),
        ask: (bid + SPREAD[symbol]).toFixed(DIGITS[symbol]),
      };
      this.at.control('/tick', { symbol, ...prices });
    }
  }

  #switch(): void {
    this.at.control('/symbols', { symbol: 'XAUUSD', market: this.isOut('market') ? 'closed' : 'open' });
    this.at.control('/trading', { login: this.login, allowed: !this.isOut('trading') });
  }
}

const gridAfter = (ms: number, stepMs: number): number => (Math.floor(ms / stepMs) + 1) * stepMs;

// biome-ignore lint/suspicious/noExplicitAny: a reply as it came.
function parse(body: Uint8Array): any {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    return null;
  }
}

/** When a snapshot says that it was captured; null where it does not say. */
function capturedOf(reply: object): number | null {
  const at = 'body' in reply && reply.body instanceof Uint8Array ? parse(reply.body)?.captured_at : undefined;
  return typeof at === 'string' ? Date.parse(at) : null;
}
