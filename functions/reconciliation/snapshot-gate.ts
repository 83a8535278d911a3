/**
 * Whether a snapshot may change the books (domain 2.2). Any failure leaves every figure as it was: a failed query is
 * never an empty account. The signature was checked before it came here. Pure.
 */
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { Big } from '../platform/decimal.ts';
import { haveSoundRows } from './sound-rows.ts';

export type GateState = {
  binding: { login: string; server: string; currency: string; marginMode: string; tradeMode: string } | null;
  bootId: string | null;
  seq: number | null;
  /** Since when the history was asked for; null: from the beginning. */
  fromMs?: number | null;
};
export type GateVerdict =
  | { kind: 'valid' }
  | {
      kind: 'refused';
      reason:
        | 'account-mismatch'
        | 'snapshot-out-of-order'
        | 'snapshot-stale'
        | 'terminal-disconnected'
        | 'snapshot-incomplete'
        | 'clock-offset'
        | 'snapshot-torn';
    };

const MAX_AGE_MS = 30_000;
/** No server's clock is further from UTC, so a deal dated later is dated wrongly. */
const MAX_AHEAD_MS = 86_400_000;
const MIN_TOLERANCE = new Big('0.01');
const TOLERANCE_SHARE = new Big('0.001');

/** Judges at `nowMs`. A snapshot of the same boot must carry a higher number than the last one applied. */
export function snapshotGate(state: GateState, s: Snapshot, nowMs: number): GateVerdict {
  const refused = (reason: Extract<GateVerdict, { kind: 'refused' }>['reason']) =>
    ({ kind: 'refused', reason }) as const;
  const { binding } = state;
  const { account } = s;
  const bound =
    binding === null ||
    (binding.login === account.login &&
      binding.server === account.server &&
      binding.currency === account.currency &&
      binding.marginMode === account.margin_mode &&
      binding.tradeMode === account.trade_mode);
  if (!bound) return refused('account-mismatch');
  if (state.bootId === s.boot_id && state.seq !== null && s.seq <= state.seq)
    return refused('snapshot-out-of-order');
  if (!s.connected) return refused('terminal-disconnected');
  if (Math.abs(nowMs - s.captured_at) > MAX_AGE_MS) return refused('snapshot-stale');
  if (Object.values(s.sections).some((ok) => !ok) || !haveSoundRows(s) || isStuck(s, state.fromMs))
    return refused('snapshot-incomplete');
  if (isMisdated(s)) return refused('clock-offset');
  return identityHolds(s) ? { kind: 'valid' } : refused('snapshot-torn');
}

/** A page that ends where it begins: there would be no end of asking. */
const isStuck = (s: Snapshot, fromMs: number | null = null): boolean =>
  s.deals_to != null && fromMs !== null && s.deals_to <= fromMs;

/** By the broker's own clock, where it says what that shows: a simulated one may run ahead. */
function isMisdated({ deals, captured_at, server_now }: Snapshot): boolean {
  const latestMs = Math.max(captured_at, server_now ?? captured_at) + MAX_AHEAD_MS;
  return deals.some((d) => d.time > latestMs);
}

/** Equity is balance plus credit plus what the open positions have made, swap included. */
function identityHolds(s: Snapshot): boolean {
  const floating = s.positions.reduce((total, p) => total.plus(p.profit).plus(p.swap), new Big(0));
  const expected = new Big(s.account.balance).plus(s.account.credit).plus(floating);
  const tolerance = expected.abs().times(TOLERANCE_SHARE);
  return expected
    .minus(s.account.equity)
    .abs()
    .lte(tolerance.gt(MIN_TOLERANCE) ? tolerance : MIN_TOLERANCE);
}
