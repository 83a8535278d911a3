// How often each thing was reached in a run of schedules. A run that missed one proved less than its name says.
import { commands } from '../../../drizzle/schema/commands.ts';
import type { DeploymentHalt } from './deployment-halt.ts';
import type { Desk } from './desk.ts';
import { ACTIONS, FAULTS, LATE, RETCODE_CLASSES, type Step } from './schedule.ts';

const SORTS = [
  ...(['action', 'fault', 'retcode class', 'command state', 'end of an approval'] as const),
  ...(['halt of the deployment', 'exit'] as const),
] as const;
const HALT = ['began', 'refused an approval', 'refused a command', 'let an exit through'] as const;
/** What only closes and cancellations do, by an expression over what is stored of an account. */
const EXITS: Readonly<Record<string, string>> = {
  'close retried after unknown': `SELECT count(*) FROM test_states s JOIN commands c ON c.id = s.command_id
    WHERE s.account_id = $1 AND c.kind = 'close' AND s.was = 'unknown' AND s.state = 'created'`,
  'close retried after a refusal': `SELECT count(*) FROM test_states s JOIN commands c ON c.id = s.command_id
    WHERE s.account_id = $1 AND c.kind = 'close' AND s.was = 'sent' AND s.state = 'created' AND c.state = 'done'`,
  'rest of a close': `SELECT count(*) FROM commands c WHERE c.account_id = $1 AND c.kind = 'close' AND c.leg > 0
    AND EXISTS (SELECT 1 FROM commands b WHERE b.approval_id = c.approval_id AND b.state = 'partial'
      AND b.instruction->'pre'->>'position_id' = c.instruction->'pre'->>'position_id')`,
  'cancel of a working order': `SELECT count(*) FROM commands WHERE account_id = $1 AND kind = 'cancel' AND state = 'done'`,
  'entry taken back': `SELECT count(*) FROM commands WHERE account_id = $1 AND reason = 'superseded-by-close'`,
  done: `SELECT count(*) FROM exits WHERE account_id = $1 AND state = 'done'`,
  incomplete: `SELECT count(*) FROM exits WHERE account_id = $1 AND state = 'failed'
    AND reason NOT IN ('nothing-to-close', 'signal-cancelled')`,
  'entry that would merge': `SELECT count(*) FROM deliveries d JOIN approvals p ON p.signal_id = d.signal_id
    AND p.user_id = d.user_id WHERE p.account_id = $1 AND d.refusal = 'would-merge'`,
};
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
      'halt of the deployment': zeros(HALT),
      exit: zeros(Object.keys(EXITS)),
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
    for (const [name, text] of Object.entries(EXITS)) {
      const [{ n }] = await desk.stage.sql(`SELECT (${text})::int AS n`, [desk.accountId]);
      this.#count('exit', name, n);
    }
    const [refused] = await desk.stage.sql(
      `SELECT count(*) FILTER (WHERE c.id IS NULL)::int AS approvals, count(c.id)::int AS commands FROM approvals p
         JOIN deliveries d ON d.signal_id = p.signal_id AND d.user_id = p.user_id
         LEFT JOIN commands c ON c.approval_id = p.id AND c.reason = d.refusal
       WHERE p.account_id = $1 AND d.refusal = 'deployment-halted'`,
      [desk.accountId],
    );
    this.#count('halt of the deployment', 'refused an approval', refused.approvals);
    this.#count('halt of the deployment', 'refused a command', refused.commands);
  }

  /** Counts what a stage's halts of the deployment came to. */
  addHalt({ began, exitsSent }: DeploymentHalt): void {
    this.#count('halt of the deployment', 'began', began);
    this.#count('halt of the deployment', 'let an exit through', exitsSent);
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
