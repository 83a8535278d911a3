/**
 * The metrics that rows tell, so that they are exact whichever instance is asked. Every label is closed: what a bridge
 * or a later version writes beyond these words is `other`.
 */
import { BRIDGE_WORDS } from '../execution/bridge-refusal.ts';
import { ORDER_REFUSALS } from '../execution/order-refusal.ts';
import type { CounterFamily, HistogramFamily } from '../platform/metric-family.ts';
import { DIVERGENCE_CODES as CODES } from './divergence-code.ts';

const EXACT = 'Exact: counted from the stored rows.';
const counter = (name: string, help: string, labels: CounterFamily['labels'] = {}): CounterFamily => ({
  kind: 'counter',
  name,
  help: `${help} ${EXACT}`,
  labels,
});

export const SIGNALS_INGESTED = counter('signals_ingested_total', 'Signals stored, by instrument and side.', {
  instrument: /^[A-Z0-9_.]{2,20}$/,
  side: ['buy', 'sell'],
});
export const APPROVALS = counter('approvals_total', 'Decisions of people.', {
  decision: ['approved', 'rejected'],
});
export const ORDERS_BUILT = counter('orders_built_total', 'Commands made for a broker, sent or not.');

/** Our own refusals, what a bridge of the protocol refuses before sending, and the trade server's return codes. */
const REJECTIONS = [
  ...ORDER_REFUSALS,
  ...['command-expired', 'not-executed', 'predecessor-open', 'account-rebound', 'order-rejected'],
  'bridge-(unregistered|blocked|unreachable|timeout|circuit-open|refused)',
  ...BRIDGE_WORDS,
  ...['close-expired', 'superseded-by-close', 'signal-cancelled', 'retcode-100[0-4][0-9]'],
];
export const REJECTION = new RegExp(`^(${REJECTIONS.join('|')})$`);
export const ORDERS_REJECTED = counter(
  'orders_rejected_total',
  'Approved signals that became no order or whose order failed, by reason, once each.',
  { reason: REJECTION },
);
export const POSITION_SYNCS = counter(
  'mt5_position_sync_total',
  'Snapshots of a broker account that were applied to the books.',
);
export const DIVERGENCE_CODES: readonly string[] = [...CODES, 'EPOCH_BEHIND', 'other'];
export const DIVERGENCES = counter(
  'reconciliation_divergences_total',
  'Differences between our books and a broker’s, each once however long it lasts.',
  { reason: DIVERGENCE_CODES },
);
export const GUARD_TRIGGERS = counter(
  'drawdown_guard_triggers_total',
  'Times that a guard has begun to close an account; neither a shadow’s nor a person’s order.',
);
/** Why an account was closed, where several causes came together the first of them; `daily`: a daily-loss rule. */
export const CLOSING_CAUSES: readonly string[] = [
  ...['drawdown', 'floor', 'equity', 'bridge', 'person', 'stop-out', 'market-gap', 'market-spread', 'daily'],
  'other',
];
export const POSITIONS_AUTOCLOSED = counter(
  'positions_autoclosed_total',
  'Positions that a program closed, all or in part, while a guard or a person’s order closed the account.',
  { reason: CLOSING_CAUSES },
);
export const HEARTBEAT = counter('heartbeat_total', 'Ticks of the schedule that went through to their end.');

export const APPROVAL_LATENCY: HistogramFamily = {
  kind: 'histogram',
  name: 'approval_latency_seconds',
  help: `From the receipt of a signal to a person’s decision on it. ${EXACT}`,
  bounds: [5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400],
};
export const RECONCILIATION_LATENCY: HistogramFamily = {
  kind: 'histogram',
  name: 'reconciliation_latency_seconds',
  help: `From the start of a run to its plan, the call to the bridge included. ${EXACT}`,
  bounds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
};
export const LAST_TICK: CounterFamily = {
  kind: 'gauge',
  name: 'last_successful_tick_timestamp_seconds',
  help: 'When the schedule last finished a tick, in Unix seconds; older than 180 s: nobody reconciles.',
  labels: {},
};
export const OUTBOX_DEPTH: CounterFamily = {
  kind: 'gauge',
  name: 'outbox_depth',
  help: 'Events still to be worked, and those given up on, which wait for a person.',
  labels: { state: ['waiting', 'dead'] },
};
