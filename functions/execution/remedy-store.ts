/**
 * What is done about divergences that need nobody's decision, because it only takes risk away: orders of ours that work and
 * should not are taken back, and a position that was filled without its stop gets it. By what stands and not by what
 * happened, as withdrawals are, and by the holder of the account's lease alone; one try at a time, and another a while after
 * it where the divergence still stands. Of a position whose volume is in doubt nothing is moved.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { heldLease, type Lease } from './account-lease-store.ts';
import { COMMAND_COLUMNS, NEW_MAGIC } from './command-store.ts';

/** How long one may wait to be sent (domain 7.3). */
const REMEDY_TTL_MS = 10 * 60_000;
/** What it has done is seen by then. */
const AGAIN_MS = 2 * 60_000;

const UNDER_WAY = sql`('created', 'sent', 'unknown')`;

/** Over a divergence `v`. Of two positions of one command a person decides which is to go. */
const REMEDIABLE = sql`v.status = 'open' AND (v.code = 'SLTP_MISSING_AFTER_FILL'
  OR v.code IN ('DUPLICATE_EXECUTION', 'LATE_PENDING') AND v.evidence ? 'order_ticket')`;

/** Whether anything of the account is to be remedied. */
export const hasRemedies = (accountId: SQL): SQL =>
  sql`EXISTS (SELECT 1 FROM divergences v WHERE v.account_id = ${accountId} AND ${REMEDIABLE})`;

/** SELECT of the ids of an account's divergences that are to be remedied. */
export const divergencesToRemedy = (accountId: string): SQL =>
  sql`SELECT v.id FROM divergences v WHERE v.account_id = ${accountId}::uuid AND ${REMEDIABLE}`;

/**
 * Makes the commands of those divergences, under the ids given, of which none is under way or has only just ended. An account
 * that is bound to no login has none.
 */
export async function makeRemedies(
  db: Database,
  lease: Lease,
  remedies: readonly { divergenceId: string; commandId: string }[],
  nowMs: number,
): Promise<void> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const isRecent = sql`(k.state IN ${UNDER_WAY} OR k.resolved_at > ${isoTime(nowMs - AGAIN_MS)}::timestamptz)`;
  const made = { now, expires: sql`${isoTime(nowMs + REMEDY_TTL_MS)}::timestamptz` };
  const wanted = sql`wanted AS (SELECT v.*, i."commandId" AS command_id FROM lease
      JOIN divergences v ON v.account_id = lease.account_id AND v.status = 'open'
      JOIN jsonb_to_recordset(${JSON.stringify(remedies)}::jsonb) AS i("divergenceId" uuid, "commandId" uuid)
        ON i."divergenceId" = v.id)`;
  await db.run(sql`WITH ${heldLease(lease)}, ${wanted},
    taken_back AS (${cancellations(isRecent, made)})
    ${stops(isRecent, made)}`);
}

type Made = { now: SQL; expires: SQL };

const COMMENT = sql`'cs' || right(replace(w.command_id::text, '-', ''), 12)`;

/** Of the one command whose order it was, however many of them there are: one at a time (`ux_commands_target`). */
const cancellations = (isRecent: SQL, { now, expires }: Made): SQL =>
  sql`INSERT INTO commands (${COMMAND_COLUMNS}, target_id)
    SELECT w.command_id, a.id, NULL, c.signal_id, 'cancel', c.symbol, c.instrument,
      jsonb_build_object('kind', 'cancel', 'pre', jsonb_build_object('login', a.login, 'server', a.server,
        'symbol', c.symbol), 'order', jsonb_build_object('symbol', c.symbol, 'order_ticket', w.evidence->>'order_ticket')),
      ${NEW_MAGIC}, ${COMMENT}, 0, 'created', ${expires}, 0, ${now}, ${now}, c.id
    FROM wanted w JOIN accounts a ON a.id = w.account_id AND a.login IS NOT NULL
      JOIN commands c ON c.account_id = a.id AND c.id = (w.evidence->>'command')::uuid CROSS JOIN deployment d
    WHERE w.code IN ('DUPLICATE_EXECUTION', 'LATE_PENDING') AND NOT EXISTS (SELECT 1 FROM commands k
      WHERE k.target_id = c.id AND k.instruction->'order'->>'order_ticket' = w.evidence->>'order_ticket' AND ${isRecent})
    ON CONFLICT DO NOTHING`;

const stops = (isRecent: SQL, { now, expires }: Made): SQL =>
  sql`INSERT INTO commands (${COMMAND_COLUMNS})
    SELECT w.command_id, a.id, NULL, t.signal_id, 'modify_sltp', p.symbol, t.instrument,
      jsonb_build_object('kind', 'modify_sltp', 'pre', jsonb_build_object('login', a.login, 'server', a.server,
        'symbol', p.symbol, 'position_id', p.identifier),
        'order', jsonb_build_object('symbol', p.symbol, 'position_ticket', p.ticket, 'stop_loss', w.evidence->>'sl')
          || CASE WHEN w.evidence ? 'tp' THEN jsonb_build_object('take_profit', w.evidence->>'tp') ELSE '{}' END),
      ${NEW_MAGIC}, ${COMMENT}, 0, 'created', ${expires}, 0, ${now}, ${now}
    FROM wanted w JOIN accounts a ON a.id = w.account_id AND a.login IS NOT NULL
      JOIN positions p ON p.account_id = a.id AND p.identifier = w.broker_key AND p.stop_loss IS NULL
      JOIN trades t ON t.account_id = a.id AND t.position_id = p.identifier AND t.status = 'open' CROSS JOIN deployment d
    WHERE w.code = 'SLTP_MISSING_AFTER_FILL' AND NOT EXISTS (SELECT 1 FROM divergences g
        WHERE g.account_id = a.id AND g.code IN ('VOLUME_GAP', 'DIRECTION_MISMATCH') AND g.broker_key = p.identifier
          AND g.status = 'open')
      AND NOT EXISTS (SELECT 1 FROM commands k WHERE k.account_id = a.id AND k.kind = 'modify_sltp'
        AND k.instruction->'pre'->>'position_id' = p.identifier AND ${isRecent})
    ON CONFLICT DO NOTHING`;
