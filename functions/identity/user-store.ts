import { sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import { type Database, databaseFault, type Row } from '../platform/database.ts';
import { readPage, rowTime } from '../platform/page.ts';
import { ROLES, type Role } from './scope.ts';

export type User = {
  id: string;
  email: string;
  name: string;
  role: Role;
  createdMs: number;
  disabled: boolean;
  /** Live bridges at once; null: as configured for everybody. */
  maxBridges: number | null;
};

/** A role as the database says it. Throws on one that this code does not know. */
export function roleOf(value: unknown): Role {
  const role = ROLES.find((r) => r === value);
  if (role === undefined) throw new Error('an unknown role is stored');
  return role;
}

/** A row of users. */
export const userOf = (row: Row): User => ({
  id: String(row['id']),
  email: String(row['email']),
  name: String(row['name']),
  role: roleOf(row['role']),
  createdMs: rowTime(row, 'created_at'),
  disabled: row['disabled_at'] !== null,
  maxBridges: row['max_bridges'] === null ? null : Number(row['max_bridges']),
});

/** Adds a user with its audit row; `taken` where the address belongs to somebody. */
export async function insertUser(
  db: Database,
  user: User,
  audit: AuditEntry,
): Promise<{ kind: 'created' } | { kind: 'taken' }> {
  try {
    await db.run(sql`WITH ins AS (
      INSERT INTO users (id, email, name, role, created_at)
      VALUES (${user.id}::uuid, ${user.email}, ${user.name}, ${user.role}, ${isoTime(user.createdMs)}::timestamptz)
      RETURNING id
    ), aud AS (${auditInsert(audit, sql`ins`)}) SELECT id FROM ins`);
    return { kind: 'created' };
  } catch (e) {
    const fault = databaseFault(e);
    if (fault?.kind === 'constraint' && fault.constraint === 'ux_users_email') return { kind: 'taken' };
    throw e;
  }
}

const COLUMNS = sql`id, email, name, role, created_at, disabled_at, max_bridges`;

/** A page of all users. */
export const listUsers = (db: Database, query: { page: number; page_size: number; cursor?: string }) =>
  readPage(
    db,
    query,
    {
      columns: COLUMNS,
      from: sql`FROM users WHERE true`,
      at: sql`created_at`,
      id: sql`id`,
    },
    userOf,
  );

/** One user by id. */
export async function readUser(db: Database, id: string): Promise<User | null> {
  const [row] = await db.run(sql`SELECT ${COLUMNS} FROM users WHERE id = ${id}::uuid`);
  return row ? userOf(row) : null;
}

/**
 * Changes name, role and state with its audit row. False where it would leave the deployment without a live owner; the
 * owners' rows are locked first, so that two owners cannot step down at once.
 */
export async function updateUser(db: Database, user: User, audit: AuditEntry): Promise<boolean> {
  const at = isoTime(audit.nowMs);
  const [, rows = []] = await db.batch([
    sql`SELECT id FROM users WHERE role = 'owner' ORDER BY id FOR UPDATE`,
    sql`WITH upd AS (
      UPDATE users SET name = ${user.name}, role = ${user.role}, max_bridges = ${user.maxBridges}::int,
        disabled_at = CASE WHEN ${user.disabled}::boolean THEN coalesce(disabled_at, ${at}::timestamptz) END
      WHERE id = ${user.id}::uuid AND ((${user.role} = 'owner' AND NOT ${user.disabled}::boolean) OR EXISTS (
        SELECT 1 FROM users o WHERE o.role = 'owner' AND o.disabled_at IS NULL AND o.id <> ${user.id}::uuid))
      RETURNING id
    ), aud AS (${auditInsert(audit, sql`upd`)}) SELECT id FROM upd`,
  ]);
  return rows.length === 1;
}
