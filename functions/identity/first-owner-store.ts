import { sql } from 'drizzle-orm';
import { auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { sqlArray } from '../platform/sql-array.ts';

/**
 * Makes the first owner of a deployment with one access token, all or nothing. False where the deployment has an owner
 * already: from then on owners make owners, through the API. The deployment's row is locked by a statement of its own
 * first, because of two at once neither could see the other's owner.
 */
export async function insertFirstOwner(
  db: Database,
  owner: { id: string; email: string; tokenId: string; tokenSha256: string; scopes: readonly string[] },
  auditId: string,
  nowMs: number,
  tokenDays: number,
): Promise<boolean> {
  const at = isoTime(nowMs);
  const audit = {
    id: auditId,
    nowMs,
    actorKind: 'system' as const,
    actorId: null,
    action: 'owner.first',
    subjectKind: 'user',
    subjectId: owner.id,
    detail: {},
    requestId: owner.tokenId,
  };
  const [, rows = []] = await db.batch([
    sql`SELECT id FROM deployment FOR UPDATE`,
    sql`WITH ins AS (
    INSERT INTO users (id, email, name, role, created_at)
    SELECT ${owner.id}::uuid, ${owner.email}, 'Owner', 'owner', ${at}::timestamptz
    WHERE NOT EXISTS (SELECT 1 FROM users WHERE role = 'owner') ON CONFLICT DO NOTHING RETURNING id
  ), tok AS (
    INSERT INTO access_tokens (id, user_id, name, token_sha256, scopes, created_by, created_at, expires_at)
    SELECT ${owner.tokenId}::uuid, id, 'first owner', ${owner.tokenSha256}, ${sqlArray('text', owner.scopes)}, id,
      ${at}::timestamptz, ${isoTime(nowMs + tokenDays * 86_400_000)}::timestamptz FROM ins
  ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT id FROM ins`,
  ]);
  return rows.length === 1;
}
