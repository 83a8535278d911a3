/**
 * Whether an approved signal becomes an order, and which. Pure; every refusal has a name, which is stored with the
 * delivery and shown on the signal. The order never exceeds what was countersigned: volume and band are the terms'.
 */
import type { ApprovalTerms } from '../approvals/approval-terms.ts';
import type { BridgeCommand } from '../bridge/bridge-protocol.ts';
import { compare } from '../platform/decimal.ts';
import type { Account } from './account-store.ts';

/** A market order's life: an approval that could not be sent by then is not chased. */
export const MARKET_TTL_MS = 30_000;
/** A bridge unheard of for longer takes no entries: nobody knows what stands in the account. */
const MAX_SNAPSHOT_AGE_MS = 180_000;

export type EntryRefusal =
  | 'account-unbound'
  | 'account-halted'
  | 'deployment-halted'
  | 'signal-cancelled'
  | 'signal-stale'
  | 'signal-expired'
  | 'bridge-silent'
  | 'intent-unsupported'
  | 'order-type-unsupported'
  | 'volume-above-approved';
export type EntryOrder = Pick<BridgeCommand, 'kind' | 'pre' | 'order'>;
export type EntryVerdict = { kind: 'order'; order: EntryOrder } | { kind: 'refused'; reason: EntryRefusal };

export type EntryFacts = {
  account: Account;
  deploymentHalted: boolean;
  signal: { instrument: string; stale: boolean; cancelled: boolean; expiresMs: number };
  terms: ApprovalTerms;
};

/** Judges at `nowMs`. */
export function entryOrder(facts: EntryFacts, nowMs: number): EntryVerdict {
  const { account, signal, terms } = facts;
  const reason = refusalOf(facts, nowMs);
  if (reason !== null) return { kind: 'refused', reason };
  if (account.binding === null) return { kind: 'refused', reason: 'account-unbound' };
  return {
    kind: 'order',
    order: {
      kind: 'open',
      pre: {
        login: account.binding.login,
        server: account.binding.server,
        symbol: signal.instrument,
        price_low: terms.band.low,
        price_high: terms.band.high,
      },
      order: {
        symbol: signal.instrument,
        type: terms.side,
        volume: account.orderVolume,
        ...(terms.stop_loss === null ? {} : { stop_loss: terms.stop_loss }),
        ...(terms.take_profit === null ? {} : { take_profit: terms.take_profit }),
      },
    },
  };
}

function refusalOf(facts: EntryFacts, nowMs: number): EntryRefusal | null {
  const { account, signal, terms } = facts;
  if (account.halted) return 'account-halted';
  if (facts.deploymentHalted) return 'deployment-halted';
  if (signal.cancelled) return 'signal-cancelled';
  if (signal.stale) return 'signal-stale';
  if (signal.expiresMs <= nowMs) return 'signal-expired';
  if (terms.intent !== 'open') return 'intent-unsupported';
  if (terms.order_type !== 'market') return 'order-type-unsupported';
  if (account.snapshotMs === null || nowMs - account.snapshotMs > MAX_SNAPSHOT_AGE_MS) return 'bridge-silent';
  return compare(account.orderVolume, terms.max_volume) > 0 ? 'volume-above-approved' : null;
}
