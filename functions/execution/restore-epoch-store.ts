/**
 * The restore epoch as it stands in the deployment's row. Invariant: while `epoch_behind_at` is set no command is made or
 * sent, closes included, for its magic may be another order's at the broker already; only a person ends that, and the
 * counter then stands beyond everything that a broker was seen to know. A close that waited so long for it that its event
 * was given up on is worked then.
 */
import { sql } from 'drizzle-orm';
import { alertInsert } from '../platform/alert.ts';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { EPOCH_SHIFT, LAST_EPOCH } from './restore-epoch.ts';

/** SQL of the last command number given, its epoch included, over the deployment `d`. */
export const LAST_NUMBER = sql`((d.magic_epoch::bigint << ${sql.raw(String(EPOCH_SHIFT))})
  + (SELECT n.last_value - CASE WHEN n.is_called THEN 0 ELSE 1 END FROM command_number n))`;

/** SQL of the next command number, over the deployment `d`. */
export const NEXT_NUMBER = sql`((d.magic_epoch::bigint << ${sql.raw(String(EPOCH_SHIFT))}) + nextval('command_number'))`;

/** SQL of the epoch in a magic, an expression of bigint. */
const epochIn = (magic: ReturnType<typeof sql>) => sql`(${magic} >> 32 & 255)`;

/** SQL: whether a command of this magic may be made now, over the deployment `d`. */
export const isCurrentMagic = (magic: bigint) =>
  sql`(d.epoch_behind_at IS NULL AND ${epochIn(sql`${String(magic)}::bigint`)} = d.magic_epoch)`;

/**
 * Freezes all commands because a broker knows `magic`, which we have yet to give; with a divergence and an alert, once for
 * each restore. True where the alert is new: its event is then to be sent.
 */
export async function freezeCommands(
  db: Database,
  seen: { accountId: string; magic: string; nowMs: number },
  alert: { id: string; eventId: string },
): Promise<boolean> {
  const { accountId, magic, nowMs } = seen;
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const raised = alertInsert(
    {
      ...{ ...alert, nowMs, kind: 'epoch-behind', subjectKind: 'deployment', subjectId: 'restore-epoch' },
      ...{ period: sql`'epoch ' || behind.magic_epoch`, userId: null },
      detail: sql`jsonb_build_object('account', ${accountId}::text, 'magic', ${magic}::text)`,
    },
    sql`behind`,
  );
  const rows = await db.run(sql`WITH behind AS (
    UPDATE deployment d SET epoch_behind_at = coalesce(d.epoch_behind_at, ${now}), updated_at = ${now},
      epoch_behind_magic = greatest(d.epoch_behind_magic, ${magic}::bigint)
    WHERE (${magic}::bigint >> 4 & 68719476735) > ${LAST_NUMBER} RETURNING d.magic_epoch
  ), div AS (
    INSERT INTO divergences (id, account_id, code, broker_key, evidence, status, detected_at)
    SELECT gen_random_uuid(), ${accountId}::uuid, 'EPOCH_BEHIND', 'epoch ' || behind.magic_epoch,
      jsonb_build_object('magic', ${magic}::text), 'open', ${now} FROM behind ON CONFLICT DO NOTHING
  ), ${raised} SELECT id FROM raised`);
  return rows.length === 1;
}

/**
 * Begins the next epoch, beyond all that a broker was seen to know, and lets commands go again; its number, null where
 * there is none left. The divergences of the last one are settled with it.
 */
export async function raiseEpoch(db: Database, audit: AuditEntry): Promise<number | null> {
  const now = sql`${isoTime(audit.nowMs)}::timestamptz`;
  const next = sql`greatest(magic_epoch, coalesce(${epochIn(sql`epoch_behind_magic`)}, 0)) + 1`;
  const [row] = await db.run(sql`WITH upd AS (
    UPDATE deployment SET magic_epoch = ${next}, epoch_behind_at = NULL, epoch_behind_magic = NULL, updated_at = ${now}
    WHERE ${next} <= ${LAST_EPOCH} RETURNING magic_epoch
  ), div AS (
    UPDATE divergences SET status = 'resolved', resolved_at = ${now} FROM upd
    WHERE divergences.code = 'EPOCH_BEHIND' AND divergences.status = 'open'
  ), back AS (
    UPDATE outbox SET dead_at = NULL, attempts = 0, available_at = ${now} FROM upd, approvals q
    WHERE outbox.topic = 'approval.approved' AND outbox.done_at IS NULL
      AND q.id = (outbox.payload->>'approval_id')::uuid AND q.terms->>'intent' = 'close'
  ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT magic_epoch FROM upd`);
  return row === undefined ? null : Number(row['magic_epoch']);
}
