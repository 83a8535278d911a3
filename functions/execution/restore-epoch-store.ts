/**
 * The restore epoch as it stands in the deployment's row and the accounts'. Invariants: while a restore is suspected
 * (`inDoubt`) no entry is made or sent, and a close is sent under a number of the range kept for that; the counter ends
 * a suspicion only where it stands beyond everything that gave rise to it. Locks go in the order accounts, deployment.
 */
import { type SQL, sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { EPOCH_SHIFT, GIVEN_IN_DOUBT, LAST_EPOCH } from './restore-epoch.ts';

const SHIFT = sql.raw(String(EPOCH_SHIFT));
const DOUBT = sql.raw(`${GIVEN_IN_DOUBT}::bigint`);

/** SQL of the last command number given, its epoch included, over the deployment `d`. */
export const LAST_NUMBER = sql`((d.magic_epoch::bigint << ${SHIFT})
  + (SELECT n.last_value - CASE WHEN n.is_called THEN 0 ELSE 1 END FROM command_number n))`;

/** SQL of the next command number, over the deployment `d`. */
export const NEXT_NUMBER = sql`((d.magic_epoch::bigint << ${SHIFT}) + nextval('command_number'))`;

/** SQL of the epoch in a magic, an expression of bigint. */
export const epochIn = (magic: SQL): SQL => sql`(${magic} >> 32 & 255)`;

/** SQL of the number in a magic, an expression of bigint, as `commandNumberOf` reads it. */
export const numberIn = (magic: SQL): SQL => sql`(${magic} >> 4 & 68719476735 & ~${DOUBT})`;

/** SQL over an account `a` and the deployment `d`: whether it is suspected that a restore took the account's last orders. */
export const inDoubt: SQL = sql`(d.epoch_behind_at IS NOT NULL OR a.epoch_behind_at IS NOT NULL
  OR a.epoch_doubts < d.epoch_doubts)`;

/** SQL: whether a command of this magic may be made now, over the deployment `d`. */
export const isCurrentMagic = (magic: bigint): SQL =>
  sql`${epochIn(sql`${String(magic)}::bigint`)} = d.magic_epoch`;

/**
 * SQL of the magic to send a command `c` of an account `a` under: what was made in an earlier epoch of `d`, or before a
 * restore was suspected, gets a number that no broker can know, its attempt unchanged.
 */
export const sendableMagic: SQL = sql`CASE
  WHEN ${epochIn(sql`c.magic`)} = d.magic_epoch AND (NOT ${inDoubt} OR c.magic >> 4 & ${DOUBT} <> 0) THEN c.magic
  ELSE (c.magic >> 40 << 40) | ((${NEXT_NUMBER} | CASE WHEN ${inDoubt} THEN ${DOUBT} ELSE 0 END) << 4) | (c.magic & 15) END`;

export type RaisedEpoch =
  | { kind: 'raised'; epoch: number }
  /** The epoch that was to end is not the present one, which is this. */
  | { kind: 'other-epoch'; epoch: number }
  /** There is none beyond what a broker was seen to know. */
  | { kind: 'exhausted' };

/**
 * Ends the epoch `expected` and begins the next one, beyond all that a broker was seen to know in it or the one after, and
 * lets entries go again, but of accounts that show magics beyond even that: those are to be dismissed. The rows are locked
 * by statements of their own, so that of two at once the second sees what the first has made.
 */
export async function raiseEpoch(db: Database, expected: number, audit: AuditEntry): Promise<RaisedEpoch> {
  const now = sql`${isoTime(audit.nowMs)}::timestamptz`;
  const seen = sql`(SELECT max(${epochIn(sql`s.epoch_behind_magic`)}) FROM accounts s
    WHERE s.epoch_behind_at IS NOT NULL AND ${epochIn(sql`s.epoch_behind_magic`)} <= d.magic_epoch + 1)`;
  const next = sql`greatest(d.magic_epoch, coalesce(${seen}, 0)) + 1`;
  const passed = (magic: SQL) => sql`${epochIn(magic)} < upd.magic_epoch`;
  const [, , [row] = []] = await db.batch([
    sql`SELECT 1 AS one FROM accounts WHERE epoch_behind_at IS NOT NULL OR cardinality(epoch_dismissed) > 0
      ORDER BY id FOR NO KEY UPDATE`,
    sql`SELECT 1 AS one FROM deployment FOR NO KEY UPDATE`,
    sql`WITH upd AS (
      UPDATE deployment d SET magic_epoch = ${next}, epoch_behind_at = NULL, epoch_behind_magic = NULL, updated_at = ${now}
      WHERE d.magic_epoch = ${expected}::int AND ${next} <= ${LAST_EPOCH} RETURNING d.magic_epoch
    ), acc AS (
      UPDATE accounts a SET updated_at = ${now},
        epoch_behind_at = CASE WHEN ${passed(sql`a.epoch_behind_magic`)} THEN NULL ELSE a.epoch_behind_at END,
        epoch_behind_magic = CASE WHEN ${passed(sql`a.epoch_behind_magic`)} THEN NULL ELSE a.epoch_behind_magic END,
        epoch_witness = false,
        epoch_dismissed = ARRAY(SELECT m FROM unnest(a.epoch_dismissed) m WHERE NOT ${passed(sql`m`)})
      FROM upd WHERE a.epoch_behind_at IS NOT NULL OR cardinality(a.epoch_dismissed) > 0 RETURNING a.id, a.epoch_behind_at
    ), div AS (
      UPDATE divergences v SET status = 'resolved', resolved_at = ${now} FROM acc
      WHERE v.account_id = acc.id AND acc.epoch_behind_at IS NULL AND v.code = 'EPOCH_BEHIND' AND v.status = 'open'
    ), aud AS (${auditInsert(audit, sql`upd`)})
    SELECT d.magic_epoch AS before, (SELECT upd.magic_epoch FROM upd) AS raised FROM deployment d`,
  ]);
  if (row === undefined) throw new Error('the deployment has no row');
  if (row['raised'] !== null) return { kind: 'raised', epoch: Number(row['raised']) };
  const epoch = Number(row['before']);
  return epoch === expected ? { kind: 'exhausted' } : { kind: 'other-epoch', epoch };
}
