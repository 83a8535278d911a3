import type { Caller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import type { Database } from '../platform/database.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { type Account, readAccount } from './account-store.ts';

/** The account of this id if the caller may see it: its user, an owner or an admin. Throws 404 or 403 otherwise. */
export async function accountFor(db: Database, id: string, caller: Caller): Promise<Account> {
  const account = isUuid(id) ? await readAccount(db, id) : null;
  if (account === null) throw problem('not-found');
  if (account.userId !== caller.userId && !readsEverything(caller.role)) throw problem('forbidden');
  return account;
}
