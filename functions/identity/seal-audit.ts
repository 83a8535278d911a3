import type { Deps } from '../platform/deps.ts';
import { SEAL_ROWS, sealAudit as sealNext } from './audit-seal-store.ts';

/** Seals of one tick at most: a hundred thousand rows; what is left waits for the next. */
const SEALS = 20;

/**
 * Seals what has settled of the audit log. Each seal's hash goes into the log, outside the reach of whoever can rewrite
 * the database. Returns how many seals were made.
 */
export async function sealAudit(deps: Deps, rowsPerSeal: number = SEAL_ROWS): Promise<number> {
  const line = (outcome: string, cause: string, seq = '') =>
    deps.log({ kind: 'job', name: 'seal audit', outcome, request_id: seq, cause });
  for (let made = 0; made < SEALS; made += 1) {
    const outcome = await sealNext(deps.db, deps.clock.nowMs(), rowsPerSeal);
    if (outcome.kind === 'behind')
      line('behind', 'the transactions of this cluster count from below the last seal: it was restored');
    if (outcome.kind !== 'sealed') return made;
    line('done', `${outcome.rows} rows, sha256 ${outcome.sha256}`, String(outcome.seq));
    if (outcome.rows < rowsPerSeal) return made + 1;
  }
  return SEALS;
}
