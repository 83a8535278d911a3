// One guarded account, and how each step of a schedule happens to it.

import { type Asking, askingAs } from '../../support/bearer.ts';
import { DeskAtSimulator } from '../../support/desk-at-simulator.ts';
import { approveSignal, storeSignal } from '../../support/organisation.ts';
import { PolledDesk } from '../../support/polled-desk.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import type { Step } from './guard-step.ts';
import { GuardWorld } from './guard-world.ts';

/** How an account is reached, and whether its bridge guards by itself. */
export type Lane = { marginMode: 'hedging' | 'netting'; polled: boolean; guards: boolean };
const called = (marginMode: Lane['marginMode'], guards: boolean): Lane => ({
  marginMode,
  polled: false,
  guards,
});
export const LANES = {
  ...{ plain: called('hedging', false), netted: called('netting', false) },
  ...{ guarded: called('hedging', true), nettedGuarded: called('netting', true) },
  polled: { marginMode: 'hedging', polled: true, guards: false },
  polledGuarded: { marginMode: 'hedging', polled: true, guards: true },
} as const satisfies Record<string, Lane>;
export const CALLED: readonly Lane[] = [LANES.plain, LANES.nettedGuarded, LANES.guarded, LANES.netted];
export const laneName = ({ marginMode, polled, guards }: Lane): string =>
  `${marginMode} ${polled ? 'polled' : 'called'}${guards ? ' with a guard' : ''}`;

/** Ounces of a lot of gold. */
const OUNCES = 100;
/** Further than that a price does not go at once. */
const MOST_MOVED = 400;
/** Until then the account has been seen, and its bridge has been told what to guard. */
const BEGINNING_SECONDS = 61;

export type Deed = { what: string; atMs: number; status: number };

export class GuardedAccount {
  readonly t: TestDatabase;
  readonly lane: Lane;
  readonly at: DeskAtSimulator;
  readonly world: GuardWorld;
  /** What people did to the guard, and how it was answered. */
  readonly deeds: Deed[] = [];
  /** Positions that a person opened, and orders that a person placed. */
  readonly byHand = new Set<string>();
  readonly #ask: Asking;

  private constructor(t: TestDatabase, lane: Lane, world: GuardWorld, ask: Asking) {
    this.t = t;
    this.lane = lane;
    this.world = world;
    this.at = world.at;
    this.#ask = ask;
  }

  static async open(t: TestDatabase, lane: Lane): Promise<GuardedAccount> {
    const polled = lane.polled ? await PolledDesk.make(t) : null;
    const at = polled?.at ?? (await DeskAtSimulator.make(t, undefined, lane.marginMode));
    const world = new GuardWorld({ at, polled, guards: lane.guards });
    const ask = await askingAs(at, at.desk.userId, ['trading:read', 'trading:act', 'admin']);
    const account = new GuardedAccount(t, lane, world, ask);
    await world.pass(BEGINNING_SECONDS);
    return account;
  }

  /** Leaves the schedule of the ticks. */
  close(): Promise<unknown> {
    return this.t.sql('UPDATE bridges SET revoked_at = now() WHERE id = $1', [this.at.desk.bridge.id]);
  }

  /** The account in the broker's own book. */
  // biome-ignore lint/suspicious/noExplicitAny: the broker's rows.
  book(): any {
    const own = this.at.book().accounts.find((a) => a.login === this.world.login);
    if (own === undefined) throw new Error('the broker knows no such account');
    return own;
  }

  async take(step: Step): Promise<void> {
    const { world } = this;
    world.count(`action: ${step.do}`);
    switch (step.do) {
      case 'hold':
        return this.#byHand({ symbol: step.symbol, side: step.side, volume: step.lots });
      case 'pending':
        return this.#byHand({
          ...{ symbol: 'XAUUSD', place: 'buy_limit', volume: step.lots },
          price: (world.bid('XAUUSD') - 60).toFixed(2),
        });
      case 'hand-close': {
        const [position] = this.book().positions;
        return position === undefined ? undefined : this.#byHand({ close: position.ticket });
      }
      case 'approve':
        return this.#approve(step);
      case 'fall':
        return this.#move(step.bps, (bid) => world.quote('XAUUSD', bid));
      case 'spike':
        return this.#move(step.bps, (bid) => {
          world.spike = bid;
        });
      case 'figure':
        world.figure = step.equity;
        return;
      case 'flow':
        return this.#flow(step);
      case 'fault':
        this.#control('/fault', {
          kind: step.kind,
          times: step.times,
          hold_ms: 0,
          ...(step.on && { on: step.on }),
        });
        return;
      case 'outage':
        return world.outage(step.of, step.seconds);
      case 'queue':
        world.queueFaults.push(...Array<typeof step.what>(step.times).fill(step.what));
        return;
      case 'die':
        world.deaths.push(step.before);
        return;
      case 'restart':
        this.at.control('/restart', {});
        return world.disturb();
      case 'person':
        return this.#person(step.what);
      case 'twice':
        return world.twice();
      case 'pass':
        return world.pass(step.seconds);
    }
  }

  #control(path: string, body: object): unknown {
    return this.at.control(path, { login: this.world.login, ...body });
  }

  /** What the broker refuses is not done. */
  #byHand(body: object): void {
    this.world.disturb();
    try {
      const { order } = this.#control('/manual-trade', body) as { order: string | null };
      if (order !== null) this.byHand.add(order);
    } catch (e) {
      if (!(e instanceof Error && e.message.includes('error'))) throw e;
      this.world.count('refused by hand');
    }
    this.world.truth.note();
  }

  async #approve({ side, type }: Extract<Step, { do: 'approve' }>): Promise<void> {
    const { at, world } = this;
    const bid = world.bid('XAUUSD');
    const price = (type === 'limit' ? bid - 8 : side === 'buy' ? bid + 0.2 : bid).toFixed(2);
    const order = type === 'limit' ? { side: 'buy' as const, order_type: 'limit' as const } : { side };
    const { id } = await storeSignal(at, at.desk.producer.id, { ...order, price });
    const { eventId } = await approveSignal(at, id, at.desk.userId);
    await at.deps.queue.send([{ kind: 'outbox', id: eventId }]);
    if (!world.isOut('cloud')) await world.work();
  }

  /** Where gold must stand for the account to be so far below its peak; nothing where gold does not matter. */
  #move(bps: number, to: (bid: number) => void): void {
    const { world } = this;
    const positions = this.book().positions.filter((p: { symbol: string }) => p.symbol === 'XAUUSD');
    const ounces = positions.reduce(
      (all: number, p: { type: string; volume: string }) =>
        all + Number(p.volume) * OUNCES * (p.type === 'buy' ? 1 : -1),
      0,
    );
    const { nav, peak } = world.truth.worth();
    if (Math.abs(ounces) < 1 || nav <= 0) return;
    const { equity } = world.truth.now();
    const wanted = (equity * peak * (1 - bps / 10_000)) / nav;
    const moved = (wanted - equity) / ounces;
    if (Math.abs(moved) > MOST_MOVED) return;
    to(world.bid('XAUUSD') + moved);
    world.truth.note();
  }

  #flow({ type, amount, timing }: Extract<Step, { do: 'flow' }>): void {
    const { world } = this;
    world.count(`flow: ${timing}`);
    world.disturb();
    const { balance, credit } = this.book();
    if (type === 'credit' ? Number(credit) + Number(amount) < 0 : Number(balance) + Number(amount) < 5_000)
      return;
    this.#control(type === 'credit' ? '/credit' : '/deposit', { amount });
    if (timing === 'late') this.#control('/fault', { kind: 'empty_history', on: 'snapshot', times: 1 });
    if (timing === 'doubled' && !this.lane.polled)
      this.#control('/fault', { kind: 'duplicate', on: 'snapshot', times: 2 });
    if (timing !== 'early') {
      world.truth.flow(Number(amount));
      return;
    }
    this.#book(type, -Number(amount));
    // Its money follows once the deal was shown, or nobody looks.
    let isDue = true;
    const arrive = () => {
      if (!isDue) return;
      isDue = false;
      this.#book(type, Number(amount));
      world.truth.flow(Number(amount));
    };
    world.afterCapture.push(() => world.later(1_000, arrive));
    world.later(60_000, arrive);
  }

  /** A figure of the account at the broker, changed as no deal does. */
  #book(type: 'deposit' | 'credit', by: number): void {
    const { engine } = this.at.host;
    const row = engine.account(this.world.login);
    const key = type === 'credit' ? 'credit' : 'balance';
    const figure = (Number(row[key]) + by).toFixed(2);
    engine.transact(() => engine.state.put('account', this.world.login, { ...row, [key]: figure }));
  }

  async #person(what: Extract<Step, { do: 'person' }>['what']): Promise<void> {
    const { world } = this;
    const [path, body] = what === 'rearm' ? ['guard/rearm', { reason: 'a schedule' }] : [what, {}];
    const answer = await this.#ask('POST', `/api/v1/accounts/${this.at.desk.account.id}/${path}`, body);
    this.deeds.push({ what, atMs: world.nowMs, status: answer.status });
    world.count(`person: ${what} ${answer.status}`);
    world.disturb();
    if (!world.isOut('cloud')) await world.work();
  }
}
