/**
 * The audit row, and the one definition of what it says. Its SHA-256 is a generated column: the database computes it
 * from the stored row, for whoever inserts, and nobody can write another one. The chain of seals (audit-chain.ts) keeps
 * what it was.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from './clock.ts';

export type AuditEntry = {
  id: string;
  nowMs: number;
  actorKind: 'user' | 'producer' | 'bridge' | 'system';
  actorId: string | null;
  action: string;
  subjectKind: string;
  subjectId: string;
  detail: Record<string, unknown>;
  requestId: string;
};

/** Length before text, so that no two rows share a spelling whatever their texts hold. */
const field = (text: string): string => `octet_length(${text})::text || ':' || ${text} || ','`;

/**
 * SQL of a row's canonical content, a text: its nine fields in this order, each as `<octets>:<text>,`; the time in
 * microseconds since the epoch, no actor as the empty text, the detail as PostgreSQL prints jsonb. Every function in it
 * is immutable, as a generated column demands.
 */
export const AUDIT_CONTENT_SQL = [
  'id::text',
  "(extract(epoch FROM at AT TIME ZONE 'UTC') * 1000000)::bigint::text",
  'actor_kind',
  "coalesce(actor_id::text, '')",
  'action',
  'subject_kind',
  'subject_id',
  'detail::text',
  'request_id',
]
  .map(field)
  .join(' || ');

/** SQL of the row's hash: lower-case hex SHA-256 of its content in UTF-8 (`convert_to` is not immutable, `decode` is). */
export const AUDIT_SHA256_SQL = `encode(sha256(decode(replace(${AUDIT_CONTENT_SQL}, '\\', '\\\\'), 'escape')), 'hex')`;

/** The INSERT of one audit row, part of the statement that changes something; `from` is the row it depends on. */
export const auditInsert = (entry: AuditEntry, from: SQL): SQL =>
  sql`INSERT INTO audit_log (id, at, actor_kind, actor_id, action, subject_kind, subject_id, detail, request_id)
      SELECT ${entry.id}::uuid, ${isoTime(entry.nowMs)}::timestamptz, ${entry.actorKind}, ${entry.actorId}::uuid,
             ${entry.action}, ${entry.subjectKind}, ${entry.subjectId}, ${JSON.stringify(entry.detail)}::jsonb,
             ${entry.requestId}
      FROM ${from}`;
