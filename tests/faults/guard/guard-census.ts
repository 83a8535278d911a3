// How often each thing was reached in a run of schedules. A run that missed one proved less than its name says.

import { ACTIONS, HAZARDS, POLLED_HAZARDS } from './guard-step.ts';
import { LANES, laneName } from './guarded-account.ts';

const MUST: readonly string[] = [
  ...ACTIONS.map((name) => `action: ${name}`),
  ...new Set([...HAZARDS, ...POLLED_HAZARDS].map(({ kind }) => `fault:${kind}`)),
  ...Object.values(LANES).map((lane) => `lane: ${laneName(lane)}`),
  ...['armed', 'suspect', 'warned', 'tripped', 'flat_latched'].map((phase) => `phase: ${phase}`),
  ...['drawdown', 'bridge', 'person'].map((cause) => `cause: ${cause}`),
  ...['now', 'late', 'early', 'doubled'].map((timing) => `flow: ${timing}`),
  ...['market', 'trading', 'bridge', 'cloud'].map((what) => `outage of ${what}`),
  ...['snapshot', 'execute', 'message'].map((what) => `died before: ${what}`),
  ...['NaN', '0', '-5000'].map((equity) => `figure: ${equity}`),
  ...['queue: lose', 'queue: double', 'spike', 'trip: revoked'],
  ...['person: rearm 200', 'person: halt 200', 'person: resume 200', 'person: close-all 200'],
  ...['entry: taken', 'entry: guard-latched', 'entry: guard-tripped'],
  ...['breach', 'hard-breach', 'unposted-flow', 'price-jump'].map((verdict) => `verdict: ${verdict}`),
  ...[
    'close of a trip: done',
    'close of a trip: partial',
    'close of a trip: failed',
    'cancel of a trip: done',
  ],
  ...['bound held: ordinary', 'bound held: hard', 'bound held after trouble'],
  ...['bridge alone: hard', 'bridge alone: ordinary'],
];

export class GuardCensus {
  readonly #counts = new Map<string, number>(MUST.map((name) => [name, 0]));

  /** Counts what a finished schedule reached. */
  add(reached: ReadonlyMap<string, number>): void {
    for (const [name, n] of reached) this.#counts.set(name, (this.#counts.get(name) ?? 0) + n);
  }

  /** One line for each sort of things. */
  lines(): string[] {
    const sorts = Map.groupBy(this.#counts, ([name]) => name.split(':')[0] ?? '');
    return [...sorts].map(
      ([sort, counts]) =>
        `  ${sort}: ${counts.map(([name, n]) => `${name.slice(sort.length).replace(/^: ?/, '')} ${n}`).join(', ')}`,
    );
  }

  /** What was never reached. */
  missed(): string[] {
    return [...this.#counts].filter(([, n]) => n === 0).map(([name]) => name);
  }
}
