import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { decimal, timestamp, uuid } from '../platform/contract.ts';
import { plain } from '../platform/decimal.ts';
import type { Account } from './account-store.ts';

/** An account as the API shows one. */
export const accountSchema = z
  .object({
    id: uuid,
    user_id: uuid,
    bridge_id: uuid,
    name: z.string(),
    server: z.string().nullable(),
    login: z.string().nullable(),
    currency: z.string().nullable(),
    margin_mode: z.enum(['hedging', 'netting', 'exchange']).nullable(),
    trade_mode: z.enum(['demo', 'contest', 'real']).nullable(),
    halted: z.boolean(),
    order_volume: decimal,
    snapshot_at: timestamp.nullable(),
    balance: decimal.nullable(),
    equity: decimal.nullable(),
    margin: decimal.nullable(),
    created_at: timestamp,
  })
  .openapi('Account');

/** The wire form of an account. */
export const presentAccount = (a: Account): z.output<typeof accountSchema> => ({
  id: a.id,
  user_id: a.userId,
  bridge_id: a.bridgeId,
  name: a.name,
  server: a.binding?.server ?? null,
  login: a.binding?.login ?? null,
  currency: a.binding?.currency ?? null,
  margin_mode: a.binding?.marginMode ?? null,
  trade_mode: a.binding?.tradeMode ?? null,
  halted: a.halted,
  order_volume: plain(a.orderVolume),
  snapshot_at: a.snapshotMs === null ? null : isoTime(a.snapshotMs),
  balance: a.state?.['balance'] ?? null,
  equity: a.state?.['equity'] ?? null,
  margin: a.state?.['margin'] ?? null,
  created_at: isoTime(a.createdMs),
});
