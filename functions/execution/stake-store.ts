/**
 * The columns of a stake (`stake.ts`): what one dedup scope has at an account in an instrument. Our own commands say what we
 * have opened; trades follow from the broker's history, which may come later than the position that it tells of.
 */
import { type SQL, sql } from 'drizzle-orm';
import { statusCode } from '../signals/signal-status.ts';

/** Without its last four bits, which tell attempts apart. A magic may be larger than ours, and is nobody's of ours then. */
const numberOf = (magic: SQL): SQL =>
  sql`(CASE WHEN ${magic} ~ '^[0-9]{1,18}$' THEN ${magic}::bigint >> 4 END)`;

/** Volumes by the number of the command that traded them, of a position `p`; what the broker has cancelled since is none. */
const dealsOf = (
  entries: SQL,
): SQL => sql`(SELECT coalesce(jsonb_object_agg(k.number, k.volume::text), '{}') FROM (
    SELECT d.magic >> 4 AS number, sum(d.volume) AS volume FROM broker_deals d
    WHERE d.account_id = p.account_id AND d.position_id = p.identifier AND d.entry IN (${entries}) AND d.type IN ('buy', 'sell')
      AND NOT EXISTS (SELECT 1 FROM broker_deals n WHERE n.account_id = d.account_id AND n.ticket = d.ticket
        AND n.revision > d.revision) GROUP BY 1) k)`;

/** Over an account `a`: commands that may have to do with what it holds, and all whose end is open. */
const concerned = sql`(
    SELECT c.id FROM commands c WHERE c.account_id = a.id AND c.state IN ('created', 'sent', 'unknown', 'placed')
    UNION SELECT c.id FROM commands c WHERE c.account_id = a.id AND c.state IN ('done', 'partial')
      AND c.created_at >= coalesce(a.snapshot_at - interval '1 day', '-infinity')
      AND c.resolved_at + interval '10 minutes' >= coalesce(a.snapshot_at, '-infinity')
    UNION SELECT c.id FROM positions p JOIN commands c ON c.magic >> 4 = ${numberOf(sql`p.magic`)} WHERE p.account_id = a.id
    UNION SELECT c.id FROM positions p JOIN commands c ON c.account_id = a.id AND c.position_id = p.identifier
      WHERE p.account_id = a.id
    UNION SELECT c.id FROM positions p JOIN broker_deals d ON d.account_id = p.account_id AND d.position_id = p.identifier
      JOIN commands c ON c.magic >> 4 = d.magic >> 4 WHERE p.account_id = a.id)`;

const ms = (time: SQL): SQL => sql`(extract(epoch FROM ${time}) * 1000)::bigint`;

/**
 * Column `stake` (`Stake`), over an account `a` and a signal `s`. `recent`: the last snapshot is not yet half a minute later
 * than the command, and as much may our clock and the terminal's differ; `lately`: not yet ten minutes, for which a broker's
 * history may be missing. `booked`: a deal of it is in the books; `closed`: what it opened is closed there.
 */
export const STAKE_COLUMN: SQL = sql`jsonb_build_object(
  'positions', (SELECT coalesce(jsonb_agg(jsonb_build_object('identifier', p.identifier, 'ticket', p.ticket,
      'symbol', p.symbol, 'side', p.side, 'volume', p.volume::text, 'number', ${numberOf(sql`p.magic`)}::text,
      'opened_ms', ${ms(sql`p.opened_at`)}, 'opened', ${dealsOf(sql`'in', 'inout'`)}, 'closed', ${dealsOf(sql`'out', 'out_by'`)},
      'signal', (SELECT t.source = 'bot' AND o.dedup_scope = s.dedup_scope AND o.instrument = s.instrument FROM trades t
        JOIN signals o ON o.id = t.signal_id WHERE t.account_id = p.account_id AND t.position_id = p.identifier
        ORDER BY t.episode DESC LIMIT 1)
      ) ORDER BY p.opened_at, p.identifier), '[]')
    FROM positions p WHERE p.account_id = a.id),
  'commands', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'kind', c.kind, 'state', c.state,
      'number', (c.magic >> 4)::text, 'symbol', c.symbol, 'side', split_part(c.instruction->'order'->>'type', '_', 1),
      'volume', c.instruction->'order'->>'volume', 'filled', c.volume_filled::text, 'order_ticket', c.order_ticket,
      'position_id', coalesce(c.position_id, c.instruction->'pre'->>'position_id'), 'sent_ms', ${ms(sql`c.sent_at`)},
      'approved_ms', ${ms(sql`coalesce(f.created_at, c.created_at)`)},
      'own', coalesce(o.dedup_scope = s.dedup_scope AND o.instrument = s.instrument, false),
      'recent', c.resolved_at + interval '30 seconds' >= coalesce(a.snapshot_at, '-infinity'),
      'lately', c.resolved_at + interval '10 minutes' >= coalesce(a.snapshot_at, '-infinity'),
      'booked', EXISTS (SELECT 1 FROM broker_deals d WHERE d.account_id = a.id
        AND d.time >= c.sent_at - interval '1 hour' AND d.magic >> 4 = c.magic >> 4),
      'closed', EXISTS (SELECT 1 FROM trades t WHERE t.signal_id = c.signal_id AND t.account_id = a.id AND t.status = 'closed')
      ) ORDER BY c.created_at, c.magic), '[]')
    FROM ${concerned} r JOIN commands c ON c.id = r.id LEFT JOIN approvals f ON f.id = c.approval_id
      LEFT JOIN signals o ON o.id = c.signal_id AND f.id IS NOT NULL
    -- Of a close it does not matter who made it. A command whose magic was another's opened nothing, whatever carries it.
    WHERE c.account_id = a.id AND (f.id IS NOT NULL OR c.kind = 'close') AND c.kind NOT IN ('cancel', 'modify_sltp') AND c.reason IS DISTINCT FROM 'magic_in_use'),
  'unmade', (SELECT coalesce(jsonb_agg(jsonb_build_object('approval_id', f.id, 'approved_ms', ${ms(sql`f.created_at`)},
      'side', f.terms->>'side', 'volume', f.terms->>'max_volume')), '[]')
    FROM approvals f JOIN signals o ON o.id = f.signal_id
      JOIN deliveries v ON v.signal_id = f.signal_id AND v.user_id = f.user_id
    WHERE f.user_id = a.user_id AND f.account_id = a.id AND f.created_at >= s.created_at - interval '1 day'
      AND f.terms->>'intent' = 'open' AND v.status = ${statusCode('approved')}
      AND o.dedup_scope = s.dedup_scope AND o.instrument = s.instrument
      AND NOT EXISTS (SELECT 1 FROM commands m WHERE m.approval_id = f.id))
  ) AS stake`;
