import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';

export type AuditFilter = { action?: string | undefined; subject?: string | undefined };

/** A page of the audit log, newest first. */
export const listAudit = (
  db: Database,
  filter: AuditFilter,
  query: { page: number; page_size: number; cursor?: string },
) => {
  const parts = [
    sql`true`,
    filter.action === undefined ? null : sql`action = ${filter.action}`,
    filter.subject === undefined ? null : sql`subject_id = ${filter.subject}`,
  ].filter((p) => p !== null);
  return readPage(
    db,
    query,
    {
      columns: sql`id, at, actor_kind, actor_id, action, subject_kind, subject_id, detail, request_id`,
      from: sql`FROM audit_log WHERE ${sql.join(parts, sql` AND `)}`,
      at: sql`at`,
      id: sql`id`,
    },
    (row) => ({
      id: String(row['id']),
      atMs: rowTime(row, 'at'),
      actorKind: String(row['actor_kind']),
      actorId: row['actor_id'] === null ? null : String(row['actor_id']),
      action: String(row['action']),
      subjectKind: String(row['subject_kind']),
      subjectId: String(row['subject_id']),
      detail: row['detail'] as Record<string, unknown>,
      requestId: String(row['request_id']),
    }),
  );
};
