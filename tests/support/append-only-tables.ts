/**
 * The tables that the runtime may only add to: the audit log and its seals, consents, approvals, the broker's facts,
 * alerts, and what was found or fetched once. The one list that the tests of rights and the contract go by.
 */
export const APPEND_ONLY_TABLES = [
  'alerts',
  'approvals',
  'audit_log',
  'audit_seals',
  'broker_deals',
  'broker_orders',
  'candles',
  'consents',
  'order_refusals',
  'reconciliation_runs',
  'trading_calendars',
] as const;
