/** What bridges are ordered to guard by themselves (`guard-order.ts`), read of many accounts at once. */
import { type SQL, sql } from 'drizzle-orm';
import type { GuardOrder } from '../bridge/bridge-protocol.ts';
import type { Database, Row } from '../platform/database.ts';
import { guardOrder } from './guard-order.ts';
import { GUARD_COLUMNS, guardJoin, guardOf } from './guard-store.ts';

/** SELECT of a row for each bound account of these ids (SQL of uuid[]), for `guardOrderOf`. */
export const guardOrders = (ids: SQL): SQL =>
  sql`SELECT a.id AS account_id, a.version, a.login, a.server, d.magic_namespace, ${GUARD_COLUMNS}
    FROM accounts a CROSS JOIN deployment d ${guardJoin} WHERE a.id = ANY(${ids}) AND a.login IS NOT NULL`;

/** The order of such a row; null while nothing is known that could be guarded. */
export function guardOrderOf(row: Row): GuardOrder | null {
  const { settings, state } = guardOf(row);
  return guardOrder(settings, state, {
    version: Number(row['version']),
    login: String(row['login']),
    server: String(row['server']),
    namespace: Number(row['magic_namespace']),
    bookedTo: null,
  });
}

/** The order for one account's bridge as its guard stands now; null where there is none to give. */
export async function readGuardOrder(db: Database, accountId: string): Promise<GuardOrder | null> {
  const [row] = await db.run(guardOrders(sql`ARRAY[${accountId}::uuid]`));
  return row === undefined ? null : guardOrderOf(row);
}
