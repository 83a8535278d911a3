/**
 * What keeps an account from new entries whatever the signal and the market: halts, a suspected restore, its guard, and what
 * is known of its terminal (domain 7.6). The execution judges by it and the account shows it. Closes pass all of it. Pure.
 */
import { connectionState, contactOf, SILENT_AFTER_MS } from '../bridge/connection-state.ts';
import type { Account, GuardPhase } from './account-store.ts';

export const ENTRY_BARRIERS = [
  ...(['epoch-behind', 'account-halted', 'deployment-halted', 'account-unbound'] as const),
  ...(['account-mismatch', 'terminal-disconnected', 'bridge-silent', 'snapshot-refused'] as const),
  // The broker, or the password of the terminal, allows no trading on it.
  'trading-disabled' as const,
  // Its history is being read page by page, and what stands open is not known before the last.
  'catching-up',
  // Another account's broker has shown a restore, and this one's has not been heard since.
  'epoch-unproven',
  // Its guard closes everything, or has; or it has seen something and looks again: an entry waits for what it finds.
  ...(['guard-tripped', 'guard-latched', 'guard-warned', 'guard-suspect'] as const),
] as const;
export type EntryBarrier = (typeof ENTRY_BARRIERS)[number];
export type Standing = { halted: boolean; epochBehind: boolean };
/** What is over within seconds, one way or the other: an entry is not refused for it. */
export const PASSING_BARRIERS: ReadonlySet<string> = new Set<EntryBarrier>(['guard-suspect', 'guard-warned']);

/** The first of them at `nowMs`; null: entries are taken. */
export function entryBarrier(
  account: Pick<
    Account,
    'halted' | 'binding' | 'snapshotMs' | 'historyUntilMs' | 'contact' | 'epoch' | 'guardPhase' | 'state'
  >,
  deployment: Standing,
  nowMs: number,
): EntryBarrier | null {
  if (deployment.epochBehind || account.epoch.behind !== null) return 'epoch-behind';
  if (account.halted) return 'account-halted';
  if (deployment.halted) return 'deployment-halted';
  if (account.binding === null) return 'account-unbound';
  if (account.guardPhase === 'tripped') return 'guard-tripped';
  if (account.guardPhase === 'flat_latched') return 'guard-latched';
  return (
    connectionBarrier(account, nowMs) ??
    (account.state?.['trade_allowed'] === 'false' ? 'trading-disabled' : null) ??
    (account.epoch.unproven ? 'epoch-unproven' : guardBarrier(account.guardPhase))
  );
}

/** After all that says how much is known of the account: nobody waits for a guard that sees nothing. */
function guardBarrier(phase: GuardPhase): EntryBarrier | null {
  if (phase === 'armed' || phase === 'empty') return null;
  return phase === 'warned' ? 'guard-warned' : 'guard-suspect';
}

/** `snapshot-refused`: the bridge is heard, but what it says was not sound for longer than the books may be old. */
function connectionBarrier(
  { snapshotMs, historyUntilMs, contact }: Pick<Account, 'snapshotMs' | 'historyUntilMs' | 'contact'>,
  nowMs: number,
): EntryBarrier | null {
  const mismatch = contact != null && contactOf(contact.outcome).mismatch;
  const state = connectionState(contact?.heardMs ?? snapshotMs, nowMs, { mismatch });
  if (state === 'mismatch') return 'account-mismatch';
  if (contact?.outcome === 'terminal-disconnected') return 'terminal-disconnected';
  if (snapshotMs !== null && nowMs - snapshotMs <= SILENT_AFTER_MS) return null;
  if (state === 'silent' || state === 'never') return 'bridge-silent';
  return historyUntilMs === null ? 'snapshot-refused' : 'catching-up';
}
