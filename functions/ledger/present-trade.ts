import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { decimal, timestamp, uuid } from '../platform/contract.ts';
import type { StoredTrade } from './trade-store.ts';

/** A trade as the API shows one. */
export const tradeSchema = z
  .object({
    id: uuid,
    account_id: uuid,
    position_id: z.string(),
    signal_id: uuid.nullable(),
    source: z.enum(['bot', 'manual']),
    instrument: z.string(),
    side: z.enum(['buy', 'sell']),
    status: z.enum(['open', 'closed', 'closing_unconfirmed']),
    volume: decimal,
    volume_open: decimal,
    entry_price: decimal,
    exit_price: decimal.nullable(),
    stop_loss: decimal.nullable(),
    take_profit: decimal.nullable(),
    profit: decimal,
    swap: decimal,
    commission: decimal,
    fee: decimal,
    net: decimal,
    opened_at: timestamp,
    closed_at: timestamp.nullable(),
    exit_reason: z.string().nullable(),
  })
  .openapi('Trade');

/** The wire form of a trade. */
export const presentTrade = (t: StoredTrade): z.output<typeof tradeSchema> => ({
  id: t.id,
  account_id: t.accountId,
  position_id: t.positionId,
  signal_id: t.signalId,
  source: t.source,
  instrument: t.instrument,
  side: t.side,
  status: t.status,
  volume: t.volume,
  volume_open: t.volumeOpen,
  entry_price: t.entryPrice,
  exit_price: t.exitPrice,
  stop_loss: t.stopLoss,
  take_profit: t.takeProfit,
  profit: t.profit,
  swap: t.swap,
  commission: t.commission,
  fee: t.fee,
  net: t.net,
  opened_at: isoTime(t.openedMs),
  closed_at: t.closedMs === null ? null : isoTime(t.closedMs),
  exit_reason: t.exitReason,
});
