// The guards' own timer: each account whose guard was told something is looked at every two seconds, whoever else is heard,
// and at the moment from which on it is to close.
// Invariants: one that a test steps by hand is left to it; an order that comes between two looks is seen soon, as its
// moment may be over already.
import { guardLook } from './bridge-guard.ts';
import { BrokerCrash } from './broker-crash.ts';
import type { BrokerHost } from './broker-host.ts';
import { type GuardPace, guardMetMs, guardRestMs } from './guard-pace.ts';

/** The longest that the timer sleeps: an order that came meanwhile may have to begin. */
const SLEEP_MS = 250;

export class GuardRounds {
  readonly #host: BrokerHost;
  readonly #hurry: (login: string) => void;
  /** By login: when it was looked at last, by a clock that only counts up, and for which moment. */
  readonly #looked = new Map<string, { atMs: number; metMs: number | null }>();
  #timer: NodeJS.Timeout;

  /** `hurry` is told of an account whose bridge should be heard at once. */
  constructor(host: BrokerHost, hurry: (login: string) => void) {
    this.#host = host;
    this.#hurry = hurry;
    this.#timer = this.#sleep(SLEEP_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #sleep(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#wake(), ms).unref();
  }

  #wake(): void {
    let restMs = SLEEP_MS;
    for (const login of this.#host.bridgeContext().guards.logins()) {
      if (this.#restMs(login) <= 0) this.#turn(login);
      restMs = Math.min(restMs, this.#restMs(login));
    }
    this.#timer = this.#sleep(Math.ceil(restMs));
  }

  #restMs(login: string): number {
    const { guards } = this.#host.bridgeContext();
    return guardRestMs(guards.state(login), this.#nowMs(login), this.#pace(login));
  }

  #pace(login: string): GuardPace {
    const { atMs, metMs } = this.#looked.get(login) ?? { atMs: Number.NEGATIVE_INFINITY, metMs: null };
    return { sinceMs: performance.now() - atMs, metMs };
  }

  /** By the other side's clock, by which its orders are meant. */
  #nowMs(login: string): number {
    const nowMs = this.#host.realNowMs();
    return nowMs + this.#host.bridgeContext().guards.silence(login, nowMs).aheadMs;
  }

  #turn(login: string): void {
    const { metMs } = this.#pace(login);
    const state = this.#host.bridgeContext().guards.state(login);
    const met = guardMetMs(state, this.#nowMs(login), metMs);
    this.#looked.set(login, { atMs: performance.now(), metMs: met });
    if (isDue(this.#host, login)) look(this.#host, login, this.#hurry);
  }
}

/** Where nothing stands and nothing goes on there is nothing to judge. */
function isDue(host: BrokerHost, login: string): boolean {
  const { phase, order } = host.bridgeContext().guards.state(login);
  const { state } = host.engine;
  const isBusy = state.positionsOf(login).length + state.ordersOf(login).length > 0;
  return !host.steppedGuards.has(login) && (isBusy || phase !== 'idle' || order?.close != null);
}

function look(host: BrokerHost, login: string, hurry: (login: string) => void): void {
  try {
    if (guardLook(host.bridgeContext(), login, host.realNowMs()).is_urgent) hurry(login);
  } catch (cause) {
    // The death of the process, which has already begun anew; its journal is what it goes on by.
    if (!(cause instanceof BrokerCrash))
      console.error(JSON.stringify({ event: 'guard_error', login, error: String(cause) }));
  }
}
