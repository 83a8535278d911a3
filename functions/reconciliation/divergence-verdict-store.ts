/**
 * What a person decides about a divergence. Invariants: a verdict falls once, on one that is open, with its audit row and all
 * that follows from it in one statement; the same verdict again changes nothing and is no error. A verdict moves the account's
 * version, so that a plan that was made before it is made again.
 */
import { type SQL, sql } from 'drizzle-orm';
import { COMMAND_COLUMNS, NEW_MAGIC } from '../execution/command-store.ts';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';

/** As long as an approved close may be tried (domain 7.3). */
const CLOSE_TTL_MS = 86_400_000;

export type Verdict =
  | { kind: 'ignored' }
  /** `signalId` null: ours, without a signal. */
  | { kind: 'adopted'; positionId: string; signalId: string | null }
  | { kind: 'closed'; positionId: string; commandId: string };
export type VerdictOutcome =
  | { kind: 'judged' }
  /** It was not open any more. */
  | { kind: 'resolved'; resolution: string | null; signalId: string | null }
  /** The signal's audience does not hold the account's user, or there is no such signal. */
  | { kind: 'not-theirs' }
  /** Nothing is open at the broker that could be closed, or the account is bound to nobody. */
  | { kind: 'nothing-open' };

/** Gives a verdict on the divergence that `audit` names, in the words of `reason`. */
export async function judgeDivergence(
  db: Database,
  verdict: Verdict,
  reason: string,
  audit: AuditEntry,
): Promise<VerdictOutcome> {
  const now = sql`${isoTime(audit.nowMs)}::timestamptz`;
  const id = sql`${audit.subjectId}::uuid`;
  const signal = verdict.kind === 'adopted' ? verdict.signalId : null;
  const closes = verdict.kind === 'closed';
  const positionId = verdict.kind === 'ignored' ? '' : verdict.positionId;
  const parts = [
    sql`v AS (SELECT v.id, v.account_id, v.status, v.resolution, v.signal_id, a.user_id, a.login, a.server, a.symbols
      FROM divergences v JOIN accounts a ON a.id = v.account_id WHERE v.id = ${id})`,
    sql`theirs AS (SELECT s.id, s.strategy, s.timeframe FROM v JOIN deliveries e ON e.user_id = v.user_id
      JOIN signals s ON s.id = e.signal_id WHERE s.id = ${signal}::uuid)`,
    sql`pos AS (SELECT p.* FROM v JOIN positions p ON p.account_id = v.account_id AND p.identifier = ${positionId}
      WHERE v.login IS NOT NULL)`,
    sql`upd AS (UPDATE divergences d SET status = 'resolved', resolution = ${verdict.kind}, resolved_at = ${now},
        resolved_by = ${audit.actorId}::uuid, resolution_reason = ${reason}, signal_id = ${signal}::uuid
      FROM v WHERE d.id = v.id AND d.status = 'open' AND (${signal}::uuid IS NULL OR EXISTS (SELECT 1 FROM theirs))
        AND (NOT ${closes}::boolean OR EXISTS (SELECT 1 FROM pos)) RETURNING d.id, d.account_id)`,
    sql`seen AS (UPDATE accounts SET version = version + 1 FROM upd WHERE accounts.id = upd.account_id)`,
    sql`aud AS (${auditInsert(audit, sql`upd`)})`,
    ...(verdict.kind === 'adopted' ? adoption(verdict.positionId, signal) : []),
    ...(verdict.kind === 'closed' ? [sql`cls AS (${closing(verdict.commandId, audit.nowMs)})`] : []),
  ];
  const [row] = await db.run(sql`WITH ${sql.join(parts, sql`, `)}
    SELECT EXISTS (SELECT 1 FROM upd) AS judged, v.status, v.resolution, v.signal_id,
      ${signal}::uuid IS NULL OR EXISTS (SELECT 1 FROM theirs) AS theirs FROM v`);
  if (row?.['judged'] === true) return { kind: 'judged' };
  if (row?.['status'] === 'resolved') {
    const { resolution, signal_id: of } = row;
    const text = (value: unknown) => (value === null ? null : String(value));
    return { kind: 'resolved', resolution: text(resolution), signalId: text(of) };
  }
  return row?.['theirs'] === false ? { kind: 'not-theirs' } : { kind: 'nothing-open' };
}

/** The books say so at once; every later projection reads it from the verdict. */
const adoption = (positionId: string, signal: string | null): SQL[] => [
  sql`adopted AS (UPDATE trades t SET source = 'bot', signal_id = ${signal}::uuid,
      strategy = (SELECT strategy FROM theirs), timeframe = (SELECT timeframe FROM theirs)
    FROM upd WHERE t.account_id = upd.account_id AND t.position_id = ${positionId} AND t.command_id IS NULL RETURNING t.id)`,
  sql`legs AS (UPDATE trade_legs l SET source = 'bot', strategy = (SELECT strategy FROM theirs)
    FROM adopted WHERE l.trade_id = adopted.id)`,
];

/** All of the position, by its own ticket; none where it is being closed already. */
const closing = (commandId: string, nowMs: number): SQL => {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const volume = sql`trim_scale(pos.volume)::text`;
  return sql`INSERT INTO commands (${COMMAND_COLUMNS})
    SELECT ${commandId}::uuid, v.account_id, NULL, NULL, 'close', pos.symbol, instrument_of(v.symbols, pos.symbol),
      jsonb_build_object('kind', 'close', 'pre', jsonb_build_object('login', v.login, 'server', v.server,
        'symbol', pos.symbol, 'position_id', pos.identifier, 'volume_at_most', ${volume}), 'order', jsonb_build_object(
        'symbol', pos.symbol, 'type', CASE pos.side WHEN 'buy' THEN 'sell' ELSE 'buy' END, 'volume', ${volume},
        'position_ticket', pos.ticket)),
      ${NEW_MAGIC}, 'cs' || right(replace(${commandId}::text, '-', ''), 12), 0, 'created',
      ${isoTime(nowMs + CLOSE_TTL_MS)}::timestamptz, 0, ${now}, ${now}
    FROM upd JOIN v ON v.id = upd.id CROSS JOIN pos CROSS JOIN deployment d
    WHERE NOT EXISTS (SELECT 1 FROM commands k WHERE k.account_id = v.account_id AND k.kind = 'close'
      AND k.state IN ('created', 'sent', 'unknown') AND k.instruction->'pre'->>'position_id' = pos.identifier)`;
};
