/**
 * Decisions. Invariants: one per signal and user for ever (`ix_approvals_signal_user`); the deadline, the delivery's
 * state and the consent version are judged inside the statement that writes the decision, so that approve against
 * reject against expiry has one winner; an approval, its delivery, its audit row and its event stand together.
 */
import { sql } from 'drizzle-orm';
import { TRADING_COLUMNS, tradingFactsOf } from '../execution/entry-facts-store.ts';
import type { TradingFacts } from '../execution/sized-entry.ts';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { outboxInsert } from '../platform/outbox-store.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { statusCode } from '../signals/signal-status.ts';
import { type Signal, signalOf } from '../signals/signal-store.ts';
import type { ApprovalTerms } from './approval-terms.ts';

export type DecisionContext = {
  signal: Signal;
  digits: number;
  /** Whether the user is in the signal's audience. */
  mine: boolean;
  signalCancelled: boolean;
  existingId: string | null;
  consent: { version: number; sha256: string } | null;
  /** The user's accounts that follow the producer, with what an order of this signal depends on there. */
  accounts: { id: string; trading: TradingFacts }[];
};

export type Approval = {
  id: string;
  signalId: string;
  userId: string;
  decision: 'approved' | 'rejected';
  accountId: string | null;
  channel: 'token' | 'console' | 'telegram';
  consentVersion: number;
  consentSha256: string;
  terms: ApprovalTerms | Record<string, never>;
  termsSha256: string;
  termsShown: boolean;
  reason: string | null;
  createdMs: number;
};

/** Everything that a decision depends on, in one round trip; null where there is no such signal. */
export async function readDecisionContext(
  db: Database,
  signalId: string,
  userId: string,
): Promise<DecisionContext | null> {
  const [rows = [], accounts = []] = await db.batch([
    sql`SELECT s.*, coalesce(d.status, 0) AS delivery_status, d.refusal,
        coalesce(d.updated_at, s.updated_at) AS delivery_updated_at, (d.user_id IS NOT NULL) AS mine,
        (SELECT a.id FROM approvals a WHERE a.signal_id = s.id AND a.user_id = ${userId}::uuid) AS existing_id,
        (SELECT i.digits FROM instruments i WHERE i.symbol = s.instrument) AS digits,
        c.version AS consent_version, c.sha256 AS consent_sha256
      FROM signals s LEFT JOIN deliveries d ON d.signal_id = s.id AND d.user_id = ${userId}::uuid
      LEFT JOIN LATERAL (SELECT version, sha256 FROM consents ORDER BY version DESC LIMIT 1) c ON true
      WHERE s.id = ${signalId}::uuid`,
    sql`SELECT ${TRADING_COLUMNS} FROM accounts a JOIN account_producers f ON f.account_id = a.id
      JOIN signals s ON s.producer_id = f.producer_id
      WHERE s.id = ${signalId}::uuid AND a.user_id = ${userId}::uuid ORDER BY a.created_at, a.id LIMIT 100`,
  ]);
  const row = rows[0];
  if (row === undefined) return null;
  return {
    signal: signalOf(row),
    digits: Number(row['digits'] ?? 8),
    mine: row['mine'] === true,
    signalCancelled: Number(row['status']) === statusCode('cancelled'),
    existingId: row['existing_id'] === null ? null : String(row['existing_id']),
    consent:
      row['consent_version'] === null
        ? null
        : { version: Number(row['consent_version']), sha256: String(row['consent_sha256']) },
    accounts: accounts.map((a) => ({ id: String(a['id']), trading: tradingFactsOf(a) })),
  };
}

/** Writes the decision if the delivery is still open at this moment; false where a guard failed. */
export async function insertApproval(
  db: Database,
  a: Approval,
  client: { address: string; userAgent: string | null },
  eventId: string,
  audit: AuditEntry,
): Promise<boolean> {
  const at = isoTime(a.createdMs);
  const event = {
    id: eventId,
    topic: `approval.${a.decision}`,
    payload: { approval_id: a.id, signal_id: a.signalId, user_id: a.userId },
    nowMs: a.createdMs,
    from: sql`ins`,
  };
  const rows = await db.run(sql`WITH upd AS (
    UPDATE deliveries d SET status = ${statusCode(a.decision)}::smallint, updated_at = ${at}::timestamptz
    FROM signals s
    WHERE d.signal_id = ${a.signalId}::uuid AND d.user_id = ${a.userId}::uuid AND s.id = d.signal_id
      AND d.status = ${statusCode('new')} AND s.status = ${statusCode('new')} AND s.expires_at > ${at}::timestamptz
      AND ${a.consentVersion}::int = (SELECT max(version) FROM consents)
      AND (${a.accountId}::uuid IS NULL OR EXISTS (
        SELECT 1 FROM account_producers f JOIN accounts o ON o.id = f.account_id
        WHERE f.account_id = ${a.accountId}::uuid AND f.producer_id = s.producer_id AND o.user_id = d.user_id))
    RETURNING d.signal_id
  ), ins AS (
    INSERT INTO approvals (id, signal_id, user_id, decision, account_id, channel, consent_version, consent_sha256,
      terms, terms_sha256, terms_shown, reason, created_at)
    SELECT ${a.id}::uuid, signal_id, ${a.userId}::uuid, ${a.decision === 'approved' ? 1 : 0}::smallint,
      ${a.accountId}::uuid, ${a.channel}, ${a.consentVersion}::int, ${a.consentSha256},
      ${JSON.stringify(a.terms)}::jsonb, ${a.termsSha256}, ${a.termsShown ? 1 : 0}::smallint, ${a.reason},
      ${at}::timestamptz FROM upd
    RETURNING id
  ), cli AS (
    INSERT INTO approval_clients (approval_id, address, user_agent, created_at)
    SELECT id, ${client.address}, ${client.userAgent}, ${at}::timestamptz FROM ins
  ), aud AS (${auditInsert(audit, sql`ins`)}), evt AS (${outboxInsert(event)}) SELECT id FROM ins`);
  return rows.length === 1;
}

const approvalOf = (row: Row): Approval => ({
  id: String(row['id']),
  signalId: String(row['signal_id']),
  userId: String(row['user_id']),
  decision: Number(row['decision']) === 1 ? 'approved' : 'rejected',
  accountId: row['account_id'] === null ? null : String(row['account_id']),
  channel: row['channel'] as Approval['channel'],
  consentVersion: Number(row['consent_version']),
  consentSha256: String(row['consent_sha256']),
  terms: row['terms'] as ApprovalTerms,
  termsSha256: String(row['terms_sha256']),
  termsShown: Number(row['terms_shown']) === 1,
  reason: row['reason'] === null ? null : String(row['reason']),
  createdMs: rowTime(row, 'created_at'),
});

const COLUMNS = sql`id, signal_id, user_id, decision, account_id, channel, consent_version, consent_sha256, terms,
  terms_sha256, terms_shown, reason, created_at`;

/** One decision. */
export async function readApproval(db: Database, id: string): Promise<Approval | null> {
  const [row] = await db.run(sql`SELECT ${COLUMNS} FROM approvals WHERE id = ${id}::uuid`);
  return row === undefined ? null : approvalOf(row);
}

/** A page of one user's decisions, or of all where `userId` is null. */
export const listApprovals = (
  db: Database,
  userId: string | null,
  query: { page: number; page_size: number; cursor?: string },
) =>
  readPage(
    db,
    query,
    {
      columns: COLUMNS,
      from: sql`FROM approvals WHERE ${userId === null ? sql`true` : sql`user_id = ${userId}::uuid`}`,
      at: sql`created_at`,
      id: sql`id`,
    },
    approvalOf,
  );
