/**
 * The halt of the whole deployment, and its standing. Invariants: the halt is the deployment's row, which every statement
 * that makes or sends an entry locks and reads (`command-store.ts`, `command-queue-store.ts`), so that none is made or sent
 * once it is committed, and it outlives every instance; no close reads it. Who halted first, and why, stands until somebody
 * lifts it; every further call is in the audit, and changes nothing else, but that it may have working orders taken back.
 */
import { sql } from 'drizzle-orm';
import { alertInsert } from '../platform/alert.ts';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime, timestampMs } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';

export type Deployment = {
  halted: boolean;
  /** Since when, by whom and why; null where it is not halted, or was by hand. */
  halt: { sinceMs: number; userId: string; reason: string } | null;
  /** While it is halted, orders that work are taken back on every account. */
  withdrawPending: boolean;
  /** Of the magic numbers: `restore-epoch.ts`. */
  epoch: number;
  /** Since when no account takes entries because brokers know more than these books do; null: they do. */
  epochBehindMs: number | null;
};

const COLUMNS = sql`halted, halted_at, halted_by, halt_reason, withdraw_pending, magic_epoch, epoch_behind_at`;

const timeOrNull = (value: unknown): number | null => (value === null ? null : timestampMs(String(value)));

function deploymentOf(row: Row | undefined): Deployment {
  if (row === undefined) throw new Error('the deployment has no row');
  const sinceMs = timeOrNull(row['halted_at']);
  return {
    halted: row['halted'] === true,
    halt:
      sinceMs === null
        ? null
        : { sinceMs, userId: String(row['halted_by']), reason: String(row['halt_reason']) },
    withdrawPending: row['withdraw_pending'] === true,
    epoch: Number(row['magic_epoch']),
    epochBehindMs: timeOrNull(row['epoch_behind_at']),
  };
}

/** The deployment as it stands. */
export async function readDeployment(db: Database): Promise<Deployment> {
  const [row] = await db.run(sql`SELECT ${COLUMNS} FROM deployment`);
  return deploymentOf(row);
}

/**
 * Halts the deployment, with the audit row and, where it was not halted already, an alert to those who are told of the
 * deployment. The deployment as it then stands, and whether the alert is new: its event is then to be sent.
 */
export async function storeHalt(
  db: Database,
  halt: { userId: string; reason: string; withdrawPending: boolean },
  alert: { id: string; eventId: string },
  audit: AuditEntry,
): Promise<{ deployment: Deployment; told: boolean }> {
  const { nowMs } = audit;
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const raised = alertInsert(
    {
      ...{ ...alert, nowMs, kind: 'deployment-halted', subjectKind: 'deployment', subjectId: 'halt' },
      ...{ period: sql`(extract(epoch FROM who.halted_at) * 1000)::bigint::text`, userId: null },
      detail: sql`jsonb_build_object('by', who.name, 'reason', who.halt_reason)`,
    },
    sql`who`,
  );
  const [row] = await db.run(sql`WITH upd AS (
    UPDATE deployment SET halted = true, halted_at = coalesce(halted_at, ${now}), updated_at = ${now},
      halted_by = coalesce(halted_by, ${halt.userId}::uuid), halt_reason = coalesce(halt_reason, ${halt.reason}),
      withdraw_pending = withdraw_pending OR ${halt.withdrawPending}::boolean
    RETURNING ${COLUMNS}
  ), aud AS (${auditInsert(audit, sql`upd`)}), who AS (
    SELECT upd.halted_at, upd.halt_reason, u.name FROM upd JOIN users u ON u.id = upd.halted_by
  ), ${raised} SELECT upd.*, EXISTS (SELECT 1 FROM raised) AS told FROM upd`);
  return { deployment: deploymentOf(row), told: row?.['told'] === true };
}

/** Lifts the halt, if there is one, with the audit row. The deployment as it then stands. */
export async function liftHalt(db: Database, audit: AuditEntry): Promise<Deployment> {
  const [row] = await db.run(sql`WITH upd AS (
    UPDATE deployment SET halted = false, halted_at = NULL, halted_by = NULL, halt_reason = NULL, withdraw_pending = false,
      updated_at = ${isoTime(audit.nowMs)}::timestamptz RETURNING ${COLUMNS}
  ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT * FROM upd`);
  return deploymentOf(row);
}
