import type { Caller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import type { Database } from '../platform/database.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { readDivergence, type StoredRow } from './divergence-store.ts';
import type { VerdictOutcome } from './divergence-verdict-store.ts';

/** The divergence of this id if the caller may see it: its account's user, an owner or an admin. Throws 404 or 403 otherwise. */
export async function divergenceFor(db: Database, id: string, caller: Caller): Promise<StoredRow> {
  const found = isUuid(id) ? await readDivergence(db, id) : null;
  if (found === null) throw problem('not-found');
  if (found.userId !== caller.userId && !readsEverything(caller.role)) throw problem('forbidden');
  return found;
}

/** The row as it stands after a verdict, or was by the same one before; throws 409 or 422 where there was none. */
export async function afterVerdict(
  db: Database,
  outcome: VerdictOutcome,
  wanted: { id: string; resolution: StoredRow['resolution']; signalId: string | null },
): Promise<StoredRow> {
  switch (outcome.kind) {
    case 'resolved':
      if (outcome.resolution !== wanted.resolution || outcome.signalId !== wanted.signalId)
        throw problem('conflict', { detail: `it was resolved before: ${outcome.resolution ?? 'settled'}` });
      break;
    case 'not-theirs':
      throw problem('invalid-body', {
        errors: [{ pointer: '/signal_id', detail: 'no signal of the account’s user' }],
      });
    case 'nothing-open':
      throw problem('conflict', { detail: 'its position is not open at the broker' });
    case 'judged':
  }
  const row = await readDivergence(db, wanted.id);
  if (row === null) throw problem('not-found');
  return row;
}
