import { z } from '@hono/zod-openapi';
import { connectionState, contactOf } from '../bridge/connection-state.ts';
import { isoTime } from '../platform/clock.ts';
import { decimal, timestamp, uuid } from '../platform/contract.ts';
import { plain } from '../platform/decimal.ts';
import type { Account } from './account-store.ts';
import { ENTRY_BARRIERS, entryBarrier } from './entry-barrier.ts';

/** An account as the API shows one. */
export const accountSchema = z
  .object({
    id: uuid,
    user_id: uuid,
    bridge_id: uuid.nullable().openapi({
      description: 'null: it holds an imported history alone, is halted for ever and never trades',
    }),
    next_bridge_id: uuid.nullable().openapi({
      description: 'the bridge that takes over with its first snapshot of the same broker’s account',
    }),
    name: z.string(),
    server: z.string().nullable(),
    login: z.string().nullable(),
    currency: z.string().nullable(),
    margin_mode: z.enum(['hedging', 'netting', 'exchange']).nullable(),
    trade_mode: z.enum(['demo', 'contest', 'real']).nullable(),
    halted: z.boolean(),
    withdraw_pending: z
      .boolean()
      .openapi({ description: 'orders that work are taken back as long as it is halted' }),
    released: z.boolean().openapi({ description: 'its login was taken from it: it never trades again' }),
    order_volume: decimal,
    risk_bps: z.number().int().nullable(),
    risk_base: z.enum(['lesser', 'equity']),
    max_volume: decimal.nullable(),
    max_positions: z.number().int().nullable(),
    min_stop_points: z.number().int(),
    reward_ratio: decimal.nullable(),
    max_spread_points: z.number().int().nullable(),
    commission_per_lot: decimal,
    margin_share_bps: z.number().int().nullable(),
    max_instrument_volume: decimal.nullable(),
    max_exposure_percent: z
      .number()
      .int()
      .nullable()
      .openapi({ description: 'what everything may be worth at its prices, in percent of the equity' }),
    instruments: z.array(z.string()).nullable(),
    symbols: z.record(z.string(), z.string()),
    snapshot_at: timestamp.nullable(),
    connection: z.object({
      state: z.enum(['never', 'connected', 'delayed', 'silent', 'mismatch', 'catching-up']).openapi({
        description:
          'catching-up: a long history is read page by page, and entries wait until all of it was seen',
      }),
      last_contact_at: timestamp.nullable(),
      last_outcome: z.string().nullable(),
      failures: z.number().int(),
      next_contact_at: timestamp.nullable(),
    }),
    entries: z.object({ taken: z.boolean(), reason: z.enum(ENTRY_BARRIERS).nullable() }).openapi({
      description:
        'whether new entries are taken now, market hours aside. Before what is said of the bridge refuses one, the bridge is asked once more. Closes are never held back',
    }),
    balance: decimal.nullable(),
    equity: decimal.nullable(),
    margin: decimal.nullable(),
    created_at: timestamp,
  })
  .openapi('Account');

/** The wire form of an account. */
export const presentAccount = (a: Account, nowMs: number): z.output<typeof accountSchema> => ({
  id: a.id,
  user_id: a.userId,
  bridge_id: a.bridgeId,
  next_bridge_id: a.nextBridgeId,
  name: a.name,
  server: a.binding?.server ?? null,
  login: a.binding?.login ?? null,
  currency: a.currency,
  margin_mode: a.marginMode,
  trade_mode: a.binding?.tradeMode ?? null,
  halted: a.halted,
  withdraw_pending: a.withdrawPending,
  released: a.released,
  order_volume: plain(a.orderVolume),
  risk_bps: a.settings.riskBps,
  risk_base: a.settings.riskBase,
  max_volume: a.settings.maxVolume,
  max_positions: a.settings.maxPositions,
  min_stop_points: a.settings.minStopPoints,
  reward_ratio: a.settings.rewardRatio,
  max_spread_points: a.settings.maxSpreadPoints,
  commission_per_lot: a.settings.commissionPerLot,
  margin_share_bps: a.settings.marginShareBps,
  max_instrument_volume: a.settings.maxInstrumentVolume,
  max_exposure_percent: a.settings.maxExposurePercent,
  instruments: a.settings.instruments === null ? null : [...a.settings.instruments],
  symbols: { ...a.settings.symbols },
  snapshot_at: isoTimeOrNull(a.snapshotMs),
  connection: presentConnection(a, nowMs),
  entries: presentEntries(a, nowMs),
  balance: a.state?.['balance'] ?? null,
  equity: a.state?.['equity'] ?? null,
  margin: a.state?.['margin'] ?? null,
  created_at: isoTime(a.createdMs),
});

function presentEntries(a: Account, nowMs: number) {
  // What cannot be known is not promised.
  const reason = entryBarrier(a, a.deployment ?? { halted: true, epochBehind: false }, nowMs);
  return { taken: reason === null, reason };
}

const presentConnection = ({ contact = null, historyUntilMs }: Account, nowMs: number) => ({
  state: connectionState(contact?.heardMs ?? null, nowMs, {
    mismatch: contact !== null && contactOf(contact.outcome).mismatch,
    catchingUp: historyUntilMs !== null,
  }),
  last_contact_at: isoTimeOrNull(contact?.heardMs ?? null),
  last_outcome: contact?.outcome ?? null,
  failures: contact?.failures ?? 0,
  next_contact_at: isoTimeOrNull(contact?.nextMs ?? null),
});

const isoTimeOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));
