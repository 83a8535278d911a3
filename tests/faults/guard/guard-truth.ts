// What an account was really worth, moment by moment, from the broker's own book: money that came and went counts when it
// moved, whenever its deal was told. Nothing of functions/ is used.
import { accountFigures } from '../../../infra/local/broker/account-figures.ts';
import type { DeskAtSimulator } from '../../support/desk-at-simulator.ts';

export type Moment = {
  atMs: number;
  equity: number;
  /** Deposits, withdrawals and credits whose money had moved. */
  flowed: number;
  /** Percent; null without positions. */
  marginLevel: number | null;
  /** Lots that stand open, and how many of them in markets that trade. */
  lots: number;
  tradable: number;
};
/** A moment that a snapshot shows, and by what time it says so. */
export type Capture = Moment & { capturedMs: number };

export class GuardTruth {
  readonly moments: Moment[] = [];
  readonly captures: Capture[] = [];
  #flowed = 0;
  readonly #at: DeskAtSimulator;

  constructor(at: DeskAtSimulator) {
    this.#at = at;
  }

  /** The account at this moment. */
  now(): Moment {
    const { desk, deps, host } = this.#at;
    const { state } = host.engine;
    const figures = accountFigures(state, host.engine.account(desk.account.login));
    const positions = state.positionsOf(desk.account.login);
    const trading = positions.filter((p) => state.tables.symbol.get(p.symbol)?.market !== 'closed');
    const lots = (of: typeof positions) => of.reduce((all, p) => all + Number(p.volume), 0);
    return {
      atMs: deps.clock.nowMs(),
      equity: Number(figures.equity),
      flowed: this.#flowed,
      marginLevel: figures.margin_level === null ? null : Number(figures.margin_level),
      ...{ lots: lots(positions), tradable: lots(trading) },
    };
  }

  /** Notes it, where it is another than the last. */
  note(): void {
    const [now, last] = [this.now(), this.moments.at(-1)];
    const isSame =
      last !== undefined &&
      (['equity', 'flowed', 'lots', 'tradable'] as const).every((k) => last[k] === now[k]);
    if (!isSame) this.moments.push(now);
  }

  /** Money came, or below zero went. */
  flow(amount: number): void {
    this.#flowed += amount;
    this.note();
  }

  capture(capturedMs: number): void {
    this.captures.push({ ...this.now(), capturedMs });
  }

  /** What a unit has become since the first capture, and the highest that two captures in a row were at. */
  worth(): { nav: number; peak: number } {
    let [nav, peak] = [1, 1];
    const all = [...this.captures, this.now()];
    for (const [i, now] of all.entries()) {
      const before = all[i - 1];
      if (before === undefined || before.equity <= 0) continue;
      const next = grown(nav, before, now);
      if (i < all.length - 1) peak = Math.max(peak, Math.min(nav, next));
      nav = next;
    }
    return { nav, peak };
  }
}

/** A unit's worth at `now` that was worth `nav` at `before`: what trading made of the money that was there. */
export const grown = (
  nav: number,
  before: Pick<Moment, 'equity' | 'flowed'>,
  now: Pick<Moment, 'equity' | 'flowed'>,
): number => (nav * (now.equity - (now.flowed - before.flowed))) / before.equity;
