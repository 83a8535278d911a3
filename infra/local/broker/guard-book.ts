// What the guards of the simulated bridges remember, and what they did (`guard.jsonl`).
// Invariant: a state is on the disk before anything is done by it; a restart counts samples, and the other side's silence,
// anew, and forgets nothing else.
import { join } from 'node:path';
import { AppendLog } from './append-log.ts';
import { type GuardAction, type GuardState, idleGuard, lastingPart } from './guard-order.ts';
import type { TradeAnswer } from './trade-request.ts';

/** One thing that a guard did, and what the trade server answered. */
export interface GuardResult extends TradeAnswer {
  at: string;
  trip_id: string | null;
  action: GuardAction;
}

type Entry =
  | { kind: 'state'; login: string; state: GuardState }
  | { kind: 'result'; login: string; result: GuardResult }
  | { kind: 'feature'; login: string; enabled: boolean };

export class GuardBook {
  readonly #states = new Map<string, GuardState>();
  readonly #results = new Map<string, GuardResult[]>();
  readonly #without = new Set<string>();
  readonly #heard = new Map<string, { atMs: number; aheadMs: number }>();
  readonly #startedMs: number;
  readonly #log: AppendLog;

  /** `dir` is the folder of `guard.jsonl`, or an array in place of the file. */
  constructor(dir: string | unknown[], startedMs: number) {
    this.#startedMs = startedMs;
    const file = typeof dir === 'string' ? join(dir, 'guard.jsonl') : dir;
    this.#log = AppendLog.open(file, (entry) => this.#apply(entry as Entry));
  }

  /** Whether the bridge of this account guards anything by itself; an older one does not, and says nothing of it. */
  isEnabled(login: string): boolean {
    return !this.#without.has(login);
  }

  enable(login: string, enabled: boolean): void {
    if (this.isEnabled(login) !== enabled) this.#write({ kind: 'feature', login, enabled });
  }

  state(login: string): GuardState {
    return this.#states.get(login) ?? idleGuard();
  }

  /** Keeps a state; on the disk where a restart would miss what has changed. */
  put(login: string, state: GuardState): void {
    const [before, now] = [this.state(login), state].map((one) => JSON.stringify(lastingPart(one)));
    if (before === now) this.#states.set(login, state);
    else this.#write({ kind: 'state', login, state });
  }

  /** Accounts whose guard was ever told something. */
  logins(): string[] {
    return [...this.#states.keys()].filter((login) => this.isEnabled(login));
  }

  keepResult(login: string, result: GuardResult): void {
    this.#write({ kind: 'result', login, result });
  }

  results(login: string): readonly GuardResult[] {
    return this.#results.get(login) ?? [];
  }

  /** The other side was heard at a moment of our own clock, and its clock was so much ahead of ours. */
  hear(login: string, atMs: number, aheadMs = 0): void {
    this.#heard.set(login, { atMs, aheadMs });
  }

  /** For how long it was not heard, and how much ahead its clock was then. */
  silence(login: string, nowMs: number): { silentMs: number; aheadMs: number } {
    const { atMs, aheadMs } = this.#heard.get(login) ?? { atMs: this.#startedMs, aheadMs: 0 };
    return { silentMs: Math.max(0, nowMs - atMs), aheadMs };
  }

  close(): void {
    this.#log.close();
  }

  #write(entry: Entry): void {
    this.#log.append(entry);
    this.#apply(entry);
  }

  #apply(entry: Entry): void {
    if (entry.kind === 'state') this.#states.set(entry.login, entry.state);
    else if (entry.kind === 'result')
      this.#results.set(entry.login, [...this.results(entry.login), entry.result]);
    else if (entry.enabled) this.#without.delete(entry.login);
    else this.#without.add(entry.login);
  }
}
