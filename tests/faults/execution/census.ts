// How often each thing was reached in a run of schedules. A run that missed one proved less than its name says.
import { commands } from '../../../drizzle/schema/commands.ts';
import type { Desk } from './desk.ts';
import { ACTIONS, FAULTS, LATE, RETCODE_CLASSES, type Step } from './schedule.ts';

const SORTS = ['action', 'fault', 'retcode class', 'command state', 'end of an approval'] as const;
type Sort = (typeof SORTS)[number];

const classOf = (retcode: number): string =>
  Object.entries(RETCODE_CLASSES).find(([, codes]) => codes.includes(retcode))?.[0] ?? `code ${retcode}`;

export class Census {
  readonly #counts: Readonly<Record<Sort, Map<string, number>>>;

  constructor() {
    const zeros = (names: readonly string[]) => new Map(names.map((name) => [name, 0]));
    this.#counts = {
      action: zeros(ACTIONS),
      fault: zeros(FAULTS),
      'retcode class': zeros(Object.keys(RETCODE_CLASSES)),
      'command state': zeros(commands.state.enumValues),
      'end of an approval': new Map(),
    };
  }

  /** Counts what a finished schedule reached. */
  async add(desk: Desk, steps: readonly Step[]): Promise<void> {
    for (const step of steps) this.#count('action', step.do);
    const { fault_uses, retcodes } = desk.site.control('GET /state');
    for (const [kind, uses] of Object.entries<number>(fault_uses)) this.#count('fault', kind, uses);
    this.#count('fault', LATE, desk.site.lateSeen);
    for (const [code, times] of Object.entries<number>(retcodes))
      this.#count('retcode class', classOf(Number(code)), times);
    const states = await desk.stage.sql(
      'SELECT state, count(*)::int AS n FROM test_states WHERE account_id = $1 GROUP BY state',
      [desk.accountId],
    );
    for (const { state, n } of states) this.#count('command state', state, n);
    const ends = await desk.stage.sql(
      `SELECT coalesce(d.refusal, 'status ' || d.status) AS name, count(*)::int AS n FROM approvals p
         JOIN deliveries d ON d.signal_id = p.signal_id AND d.user_id = p.user_id
       WHERE p.account_id = $1 GROUP BY 1`,
      [desk.accountId],
    );
    for (const { name, n } of ends) this.#count('end of an approval', name, n);
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

  #count(sort: Sort, name: string, times = 1): void {
    const counts = this.#counts[sort];
    counts.set(name, (counts.get(name) ?? 0) + times);
  }
}
