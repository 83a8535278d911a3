/**
 * Whether a decision may be taken, judged in the order that the contract fixes. Pure: the statement that writes it
 * judges the same once more, against what is stored at that moment.
 */
import type { DecisionContext } from './approval-store.ts';

export type DecisionRequest = {
  decision: 'approved' | 'rejected';
  consentVersion: number;
  accountId: string | null;
};
export type DecisionVerdict =
  | { kind: 'open'; account: DecisionContext['accounts'][number] | null; consentSha256: string }
  | { kind: 'forbidden' }
  | { kind: 'already-decided'; existingId: string }
  | { kind: 'signal-not-open'; status: string }
  | { kind: 'consent-outdated'; current: number }
  | { kind: 'consent-unknown' }
  | { kind: 'account-required'; detail: string };

/** Judges at `nowMs`. */
export function judgeDecision(
  context: DecisionContext,
  wanted: DecisionRequest,
  nowMs: number,
): DecisionVerdict {
  const { signal, consent } = context;
  if (!context.mine) return { kind: 'forbidden' };
  if (context.existingId !== null) return { kind: 'already-decided', existingId: context.existingId };
  if (context.signalCancelled) return { kind: 'signal-not-open', status: 'cancelled' };
  if (signal.status !== 'new') return { kind: 'signal-not-open', status: signal.status };
  if (signal.expiresMs <= nowMs) return { kind: 'signal-not-open', status: 'expired' };
  if (consent === null || wanted.consentVersion > consent.version) return { kind: 'consent-unknown' };
  if (wanted.consentVersion < consent.version) return { kind: 'consent-outdated', current: consent.version };
  if (wanted.decision === 'rejected') return { kind: 'open', account: null, consentSha256: consent.sha256 };
  const account = chooseAccount(context, wanted.accountId);
  if (typeof account === 'string') return { kind: 'account-required', detail: account };
  return { kind: 'open', account, consentSha256: consent.sha256 };
}

/** The account that a decision is for, or why none can be chosen. */
export function chooseAccount(
  context: DecisionContext,
  accountId: string | null,
): DecisionContext['accounts'][number] | string {
  const { accounts } = context;
  if (accountId !== null)
    return (
      accounts.find((a) => a.id === accountId) ?? 'no account of yours with this id follows the producer'
    );
  const [only, another] = accounts;
  if (only === undefined) return 'none of your accounts follows the producer';
  return another === undefined ? only : 'several of your accounts follow the producer: name one';
}
