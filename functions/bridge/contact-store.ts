/**
 * When each bridge was last heard and how its last call ended: one row a bridge, written behind every reconciliation. A
 * terminal that turns up in another account raises an alert with the row, once for each time it happens.
 */
import { type SQL, sql } from 'drizzle-orm';
import { alertInsert } from '../platform/alert.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { sqlArray } from '../platform/sql-array.ts';
import { contactOf, HELD_OUTCOMES, isSlow, PROMPT_CALLS, reconnectPauseMs } from './connection-state.ts';

export type Contact = {
  accountId: string;
  bridgeId: string;
  outcome: string;
  nowMs: number;
  /** When it is to come again, where it comes by itself. */
  nextMs?: number;
  /** How long its slowest answer took, where it was called. */
  tookMs?: number;
};

/** The statement that notes a contact, for whatever stores what was heard: once for each row of `from`. */
export function contactUpsert(contact: Contact, from: SQL): SQL {
  const { bridgeId, outcome, nowMs, nextMs = nowMs, tookMs = 0 } = contact;
  const { heard } = contactOf(outcome);
  const pauses = Array.from({ length: 12 }, (_, failures) => reconnectPauseMs(failures));
  const slow = isSlow(outcome, tookMs);
  return sql`INSERT INTO bridge_contacts AS c (bridge_id, heard_at, outcome, failures, next_at, slow_for, updated_at)
    SELECT ${bridgeId}::uuid, ${heard ? isoTime(nowMs) : null}::timestamptz, ${outcome}, ${heard ? 0 : 1}::smallint,
      ${isoTime(nextMs)}::timestamptz, ${slow ? PROMPT_CALLS : 0}::smallint, ${isoTime(nowMs)}::timestamptz FROM ${from}
    ON CONFLICT (bridge_id) DO UPDATE SET heard_at = coalesce(excluded.heard_at, c.heard_at),
      outcome = CASE WHEN ${heard}::boolean OR c.outcome <> ALL(${sqlArray('text', HELD_OUTCOMES)})
        THEN excluded.outcome ELSE c.outcome END,
      failures = CASE WHEN ${heard}::boolean THEN 0 ELSE least(c.failures + 1, 1000) END,
      next_at = CASE WHEN ${heard}::boolean THEN excluded.next_at ELSE excluded.next_at + make_interval(secs =>
        (${sqlArray('int', pauses)})[least(c.failures + 2, ${pauses.length})] / 1000.0) END,
      slow_for = greatest(excluded.slow_for, c.slow_for - ${heard ? 1 : 0}::smallint),
      updated_at = excluded.updated_at
      WHERE c.updated_at <= excluded.updated_at
    RETURNING bridge_id`;
}

/**
 * Notes a contact, of which `outcome` is what the reconciliation came to. `alert` are the ids of the alert that a mismatch
 * raises. `also` are further parts of the same statement's WITH list. True where the alert was raised: its event is then to
 * be sent.
 */
export async function noteContact(
  db: Database,
  contact: Contact,
  alert: { id: string; eventId: string },
  also: readonly SQL[] = [],
): Promise<boolean> {
  const { bridgeId, accountId, outcome, nowMs } = contact;
  const { mismatch } = contactOf(outcome);
  const raised = alertInsert(
    {
      ...{ ...alert, nowMs, kind: 'account-mismatch', subjectKind: 'account', subjectId: accountId },
      ...{ period: isoTime(nowMs), userId: sql`turned.user_id` },
      detail: sql`jsonb_build_object('account', turned.name, 'bound_to', turned.login, 'server', turned.server)`,
    },
    sql`turned`,
  );
  const rows = await db.run(sql`WITH before AS (
    SELECT outcome FROM bridge_contacts WHERE bridge_id = ${bridgeId}::uuid
  ), note AS (${contactUpsert(contact, sql`(SELECT 1) AS one`)}), ${sql.join(also.flatMap((part) => [part, sql`, `]))}turned AS (
    SELECT a.name, a.login, a.server, a.user_id FROM note JOIN accounts a ON a.id = ${accountId}::uuid
    WHERE ${mismatch}::boolean AND NOT EXISTS (SELECT 1 FROM before WHERE before.outcome = ${outcome})
  ), ${raised} SELECT id FROM raised`);
  return rows.length === 1;
}
