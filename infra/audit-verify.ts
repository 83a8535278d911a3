/**
 * `npm run audit:verify`: holds the audit log against its chain of seals and prints the first row or seal that is not as
 * it was sealed; exit status 1 then. Reads DATABASE_URL (and DATABASE_HTTP_URL in the embedded stack); writes nothing.
 */
import { type ChainFault, type SealedRow, sealFault } from '../functions/identity/audit-chain.ts';
import { readRowsBetween, readSealAfter, type SealEnd } from '../functions/identity/audit-seal-store.ts';
import { isoTime } from '../functions/platform/clock.ts';
import { createDatabase, type Database } from '../functions/platform/database.ts';

/** Rows of one round trip. */
const PAGE = 1000;

export type AuditReport = {
  seals: number;
  rows: number;
  /** Hash of the last seal, to be compared with the schedule's log line of that seal. */
  last: string | null;
  /** Rows behind the last seal: they are written down and not sealed yet. */
  waiting: number;
  fault: ChainFault | null;
};

/** Verifies seal by seal, from the first on, and ends with the first fault. */
export async function verifyAudit(db: Database): Promise<AuditReport> {
  const report: AuditReport = { seals: 0, rows: 0, last: null, waiting: 0, fault: null };
  let before: Awaited<ReturnType<typeof readSealAfter>> = null;
  for (;;) {
    const seal = await readSealAfter(db, before?.seq ?? 0);
    if (seal === null) break;
    const rows = await rowsBetween(db, before?.end ?? null, seal.end);
    report.fault = await sealFault(before, seal, isoTime(seal.sealedMs), rows);
    if (report.fault !== null) return report;
    report.seals += 1;
    report.rows += rows.length;
    report.last = seal.sha256;
    before = seal;
  }
  report.waiting = (await rowsBetween(db, before?.end ?? null, null)).length;
  return report;
}

async function rowsBetween(db: Database, after: SealEnd | null, upto: SealEnd | null): Promise<SealedRow[]> {
  const all: SealedRow[] = [];
  for (let from = after; ; ) {
    const page = await readRowsBetween(db, from, upto, PAGE);
    all.push(...page);
    if (page.length < PAGE) return all;
    from = page.at(-1) ?? from;
  }
}

/** The report in words. */
export function auditReportText(report: AuditReport): string {
  const { fault } = report;
  const good = `${report.rows} rows under ${report.seals} seals are as they were sealed`;
  if (fault?.kind === 'row')
    return `seal ${fault.seq}: the row ${fault.id} ${fault.detail}; before it ${good}`;
  if (fault?.kind === 'seal') return `seal ${fault.seq} ${fault.detail}; before it ${good}`;
  return `${good}, ${report.waiting} wait for the next seal; the last seal is ${report.last ?? 'none'}`;
}

if (import.meta.main) {
  const url = process.env['DATABASE_URL'];
  if (url === undefined) {
    console.error('DATABASE_URL is missing: the connection string that the functions use');
    process.exit(2);
  }
  const db = createDatabase({ url, httpUrl: process.env['DATABASE_HTTP_URL'], timeoutMs: 60_000 });
  const report = await verifyAudit(db);
  console.log(auditReportText(report));
  process.exit(report.fault === null ? 0 : 1);
}
