import { sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { statusCode } from '../signals/signal-status.ts';

/** How long an approval may be on its way to its command. */
const APPROVED_MS = 60_000;
/** Older signals are waited for at the slower pace: most are decided long before, and a user may have had very many. */
const RECENT_MS = 6 * 3_600_000;

export type PaceFacts = {
  /** A first sample of the guard's stands alone: a breach, or one that it could not judge. */
  doubted: boolean;
  /** Also where a guard looks closely, or closes. */
  commands: boolean;
  exposed: boolean;
  awaited: boolean;
  /** Instruments that the account's broker trades. */
  instruments: string[];
  /** Whether somebody wants bars that only the bridge can give. */
  wishes: boolean;
};

/** What an account's bridge is needed for at `nowMs`. */
export async function readPaceFacts(db: Database, accountId: string, nowMs: number): Promise<PaceFacts> {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const [row] = await db.run(sql`SELECT
      EXISTS (SELECT 1 FROM guards g WHERE g.account_id = a.id AND (g.state->'breach'->>'samples' = '1'
        OR g.state->>'rejections' = '1')) AS doubted,
      EXISTS (SELECT 1 FROM commands c WHERE c.account_id = a.id AND c.state IN ('created', 'sent', 'unknown'))
        OR a.guard_phase IN ('suspect', 'warned', 'tripped') AS commands,
      coalesce((a.state->>'orders')::int, 0) > 0
        OR EXISTS (SELECT 1 FROM positions p WHERE p.account_id = a.id) AS exposed,
      EXISTS (SELECT 1 FROM deliveries v JOIN signals s ON s.id = v.signal_id
        JOIN account_producers f ON f.producer_id = s.producer_id AND f.account_id = a.id
        WHERE v.user_id = a.user_id AND v.created_at > ${isoTime(nowMs - RECENT_MS)}::timestamptz AND s.status = ${statusCode('new')} AND s.expires_at > ${now}
          AND (v.status = ${statusCode('new')} OR v.status = ${statusCode('approved')}
            AND v.updated_at > ${isoTime(nowMs - APPROVED_MS)}::timestamptz)) AS awaited,
      EXISTS (SELECT 1 FROM bridge_candle_wishes w WHERE w.bridge_id = a.bridge_id) AS wishes,
      (SELECT coalesce(jsonb_agg(i.symbol), '[]') FROM instruments i JOIN account_symbols y
        ON y.account_id = a.id AND y.symbol = coalesce(a.symbols->>i.symbol, i.symbol) WHERE i.enabled) AS instruments
    FROM accounts a WHERE a.id = ${accountId}::uuid`);
  return {
    doubted: row?.['doubted'] === true,
    commands: row?.['commands'] === true,
    exposed: row?.['exposed'] === true,
    awaited: row?.['awaited'] === true,
    instruments: (row?.['instruments'] ?? []) as string[],
    wishes: row?.['wishes'] === true,
  };
}
