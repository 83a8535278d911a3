/** Refusals that the routes of a guard share, each with what the caller can do about it. Pure. */
import type { Account } from '../execution/account-store.ts';
import { type ProblemError, problem } from '../platform/problem.ts';

/** Something changes the account all the time. */
export const booksMove = (): ProblemError =>
  problem('unavailable', { detail: 'the account changes all the time: send it again' });

/** Throws 409 where no bridge could close anything of the account. */
export function requireReachable({
  bridgeId,
  binding,
  released,
}: Pick<Account, 'bridgeId' | 'binding' | 'released'>): void {
  if (bridgeId === null)
    throw problem('conflict', {
      detail: 'the account holds an imported history alone: nothing of it is open',
    });
  if (released)
    throw problem('conflict', {
      detail: 'the account was released, and no bridge drives it any more: close at the terminal',
    });
  if (binding === null)
    throw problem('conflict', {
      detail: 'the account is not bound yet, so nothing of it is known: halt it, and close at the terminal',
    });
}
