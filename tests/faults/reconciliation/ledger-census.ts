// How often each thing was reached in a run of schedules of the books. A run that missed one proved less than it says.
import { DIVERGENCE_CODES } from '../../../functions/reconciliation/divergence-code.ts';
import { LATE } from '../execution/schedule.ts';
import { FAULTS } from './ledger-courses.ts';
import type { LedgerDesk } from './ledger-desk.ts';
import { BOOK_ACTIONS, ORDER_ACTIONS } from './ledger-step.ts';

const SORTS = ['action', 'fault', 'divergence', 'run', 'judged'] as const;
type Sort = (typeof SORTS)[number];
const RUNS = [
  'applied',
  'snapshot-incomplete',
  'snapshot-torn',
  'snapshot-stale',
  'snapshot-out-of-order',
] as const;
const OTHER_RUNS = ['terminal-disconnected', 'account-mismatch', 'clock-offset'] as const;

export class LedgerCensus {
  readonly #counts: Readonly<Record<Sort, Map<string, number>>>;

  constructor() {
    const zeros = (names: readonly string[]) => new Map(names.map((name) => [name, 0]));
    this.#counts = {
      action: zeros([...BOOK_ACTIONS, ...ORDER_ACTIONS]),
      fault: zeros(FAULTS),
      divergence: zeros(DIVERGENCE_CODES),
      run: zeros([...RUNS, ...OTHER_RUNS]),
      judged: zeros(['in between', 'at the end', 'cancelled deals', 'cash flows', 'units']),
    };
  }

  /**
   * Counts what a finished schedule reached; `codes` of divergences were noted before its rows were wiped. `told`: what a unit
   * became could be told from the broker's own deals.
   */
  async add(
    of: LedgerDesk,
    { codes, told }: { codes: readonly { code: string; n: number }[]; told: boolean },
  ): Promise<void> {
    const { site, stage, accountId } = of.desk;
    for (const [name, times] of of.done) this.#count('action', name, times);
    for (const [kind, uses] of Object.entries<number>(site.control('GET /state').fault_uses))
      this.#count('fault', kind, uses);
    this.#count('fault', LATE, site.lateSeen);
    for (const { code, n } of codes) this.#count('divergence', code, n);
    const runs = await stage.sql(
      'SELECT outcome, count(*)::int AS n FROM reconciliation_runs WHERE account_id = $1 GROUP BY 1',
      [accountId],
    );
    for (const { outcome, n } of runs) this.#count('run', outcome, n);
    this.#count('judged', 'in between', of.judged);
    this.#count('judged', 'at the end', 1);
    this.#count('judged', 'cancelled deals', of.cancelled.size);
    this.#count('judged', 'cash flows', 1);
    this.#count('judged', 'units', told ? 1 : 0);
  }

  /** One line for each sort of things. */
  lines(): string[] {
    return SORTS.map((sort) => {
      const counts = [...this.#counts[sort]].toSorted(([, a], [, b]) => b - a);
      return `  ${sort}: ${counts.map(([name, n]) => `${name} ${n}`).join(', ')}`;
    });
  }

  /** What was never reached. */
  missed(): string[] {
    return SORTS.flatMap((sort) =>
      [...this.#counts[sort]].filter(([, n]) => n === 0).map(([name]) => `${sort} ${name}`),
    );
  }

  #count(sort: Sort, name: string, times: number): void {
    const counts = this.#counts[sort];
    counts.set(name, (counts.get(name) ?? 0) + times);
  }
}
