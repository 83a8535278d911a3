import { type SQL, sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime, timestampMs } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { sqlArray } from '../platform/sql-array.ts';
import { effectiveScopes, type Role, type Scope } from './scope.ts';
import { roleOf } from './user-store.ts';

export type Holder = { tokenId: string; userId: string; role: Role; scopes: Scope[] };
export type Token = {
  id: string;
  userId: string;
  name: string;
  scopes: string[];
  createdMs: number;
  expiresMs: number;
  revoked: boolean;
};

const tokenOf = (row: Row): Token => ({
  id: String(row['id']),
  userId: String(row['user_id']),
  name: String(row['name']),
  scopes: row['scopes'] as string[],
  createdMs: rowTime(row, 'created_at'),
  expiresMs: timestampMs(String(row['expires_at'])),
  revoked: row['revoked_at'] !== null,
});

const holderWhere = (which: SQL, nowMs: number) => sql`SELECT t.id, t.user_id, t.scopes, u.role
    FROM access_tokens t JOIN users u ON u.id = t.user_id
    WHERE ${which} AND t.revoked_at IS NULL AND u.disabled_at IS NULL
      AND t.expires_at > ${isoTime(nowMs)}::timestamptz`;

function holderOf(row: Row): Holder {
  const role = roleOf(row['role']);
  return {
    tokenId: String(row['id']),
    userId: String(row['user_id']),
    role,
    scopes: effectiveScopes(row['scopes'] as string[], role),
  };
}

/** Who holds this token now; null where it is unknown, revoked, expired, or its holder is disabled. */
export async function findHolder(db: Database, sha256: string, nowMs: number): Promise<Holder | null> {
  const [row] = await db.run(holderWhere(sql`t.token_sha256 = ${sha256}`, nowMs));
  return row === undefined ? null : holderOf(row);
}

/** The same by the token's id, for a JWT that names both; null too where the token is another user's. */
export async function findHolderById(
  db: Database,
  tokenId: string,
  userId: string,
  nowMs: number,
): Promise<Holder | null> {
  const which = sql`t.id = ${tokenId}::uuid AND t.user_id = ${userId}::uuid`;
  const [row] = await db.run(holderWhere(which, nowMs));
  return row === undefined ? null : holderOf(row);
}

/** Stores a new token's hash with its audit row. */
export async function insertToken(
  db: Database,
  token: Omit<Token, 'revoked'> & { sha256: string; createdBy: string },
  audit: AuditEntry,
): Promise<void> {
  await db.run(sql`WITH ins AS (
    INSERT INTO access_tokens (id, user_id, name, token_sha256, scopes, created_by, created_at, expires_at)
    VALUES (${token.id}::uuid, ${token.userId}::uuid, ${token.name}, ${token.sha256}, ${sqlArray('text', token.scopes)},
            ${token.createdBy}::uuid, ${isoTime(token.createdMs)}::timestamptz,
            ${isoTime(token.expiresMs)}::timestamptz)
    RETURNING id
  ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT id FROM ins`);
}

/** A page of one user's tokens, or of everybody's where `userId` is null. */
export const listTokens = (
  db: Database,
  userId: string | null,
  query: { page: number; page_size: number; cursor?: string },
) =>
  readPage(
    db,
    query,
    {
      columns: sql`id, user_id, name, scopes, created_at, expires_at, revoked_at`,
      from: sql`FROM access_tokens WHERE ${userId === null ? sql`true` : sql`user_id = ${userId}::uuid`}`,
      at: sql`created_at`,
      id: sql`id`,
    },
    tokenOf,
  );

/** Revokes a token of `userId` (anybody's where null). False where there is no such live token. */
export async function revokeToken(
  db: Database,
  id: string,
  userId: string | null,
  nowMs: number,
  audit: AuditEntry,
): Promise<boolean> {
  const rows = await db.run(sql`WITH upd AS (
    UPDATE access_tokens SET revoked_at = ${isoTime(nowMs)}::timestamptz
    WHERE id = ${id}::uuid AND revoked_at IS NULL
      AND ${userId === null ? sql`true` : sql`user_id = ${userId}::uuid`} RETURNING id
  ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT id FROM upd`);
  return rows.length === 1;
}
