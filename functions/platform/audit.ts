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

/** The INSERT of one audit row, part of the statement that changes something; `from` is the row it depends on. */
export const auditInsert = (entry: AuditEntry, from: SQL): SQL =>
  sql`INSERT INTO audit_log (id, at, actor_kind, actor_id, action, subject_kind, subject_id, detail, request_id)
      SELECT ${entry.id}::uuid, ${isoTime(entry.nowMs)}::timestamptz, ${entry.actorKind}, ${entry.actorId}::uuid,
             ${entry.action}, ${entry.subjectKind}, ${entry.subjectId}, ${JSON.stringify(entry.detail)}::jsonb,
             ${entry.requestId}
      FROM ${from}`;
