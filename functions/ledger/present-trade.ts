import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { decimal, timestamp, uuid } from '../platform/contract.ts';
import { dealClass } from './deal-class.ts';
import type { StoredTrade, TradeDetail } from './trade-store.ts';

/** A trade as the API shows one. */
export const tradeSchema = z
  .object({
    id: uuid,
    account_id: uuid,
    position_id: z.string(),
    episode: z.number().int().openapi({
      description:
        'which life of the position’s number: a reversal, or a refill after its end, begins the next',
    }),
    signal_id: uuid.nullable(),
    approval_id: uuid.nullable(),
    source: z.enum(['bot', 'manual']),
    strategy: z.string().nullable(),
    timeframe: z.string().nullable(),
    instrument: z.string(),
    side: z.enum(['buy', 'sell']),
    status: z.enum(['open', 'closed', 'closing_unconfirmed']),
    volume: decimal,
    volume_open: decimal,
    entry_price: decimal,
    exit_price: decimal.nullable(),
    stop_loss: decimal.nullable(),
    take_profit: decimal.nullable(),
    initial_stop: decimal.nullable().openapi({ description: 'at the entry; later moves do not change it' }),
    pips: decimal.nullable(),
    r_multiple: decimal
      .nullable()
      .openapi({ description: 'net in units of what was risked at the entry; null without a stop there' }),
    equity_percent: decimal
      .nullable()
      .openapi({ description: 'net in percent of the balance at the entry; null where that is not known' }),
    profit: decimal,
    swap: decimal,
    commission: decimal,
    fee: decimal,
    net: decimal,
    opened_at: timestamp,
    closed_at: timestamp.nullable(),
    exit_reason: z.string().nullable(),
    closed_by: z.string().nullable().openapi({ description: 'the position that closed it, where one did' }),
  })
  .openapi('Trade');

const legSchema = z
  .object({
    leg: z.number().int(),
    deal_ticket: z.string(),
    volume: decimal,
    exit_price: decimal,
    profit: decimal,
    swap: decimal,
    commission: decimal,
    fee: decimal,
    net: decimal,
    r_multiple: decimal.nullable(),
    closed_at: timestamp,
  })
  .openapi('TradeLeg');

const dealSchema = z
  .object({
    ticket: z.string(),
    revision: z.number().int().openapi({ description: 'of one ticket the highest counts' }),
    order_ticket: z.string(),
    class: z.enum(['trade', 'cashflow', 'cost', 'reversal', 'technical']),
    type: z.string(),
    entry: z.enum(['in', 'out', 'inout', 'out_by']).nullable(),
    reason: z.string(),
    volume: decimal,
    price: decimal,
    profit: decimal,
    swap: decimal,
    commission: decimal,
    fee: decimal,
    time: timestamp,
  })
  .openapi('BrokerDeal');

/** One trade with what it was made of. */
export const tradeDetailSchema = tradeSchema
  .extend({
    legs: z.array(legSchema).openapi({
      description:
        'what each closing deal realised, with its share of what the entry cost; of a closed trade they sum up to it',
    }),
    deals: z
      .array(dealSchema)
      .openapi({ description: 'of its position, of that one’s other lives too; every version of each' }),
    chart_url: z.string().openapi({ description: 'where its newest picture is, if there is one' }),
  })
  .openapi('TradeDetail');

/** The wire form of a trade. */
export const presentTrade = (t: StoredTrade): z.output<typeof tradeSchema> => ({
  id: t.id,
  account_id: t.accountId,
  position_id: t.positionId,
  episode: t.episode,
  signal_id: t.signalId,
  approval_id: t.approvalId,
  source: t.source,
  strategy: t.strategy,
  timeframe: t.timeframe,
  instrument: t.instrument,
  side: t.side,
  status: t.status,
  volume: t.volume,
  volume_open: t.volumeOpen,
  entry_price: t.entryPrice,
  exit_price: t.exitPrice,
  stop_loss: t.stopLoss,
  take_profit: t.takeProfit,
  initial_stop: t.initialStop,
  pips: t.pips,
  r_multiple: t.rMultiple,
  equity_percent: t.equityPercent,
  profit: t.profit,
  swap: t.swap,
  commission: t.commission,
  fee: t.fee,
  net: t.net,
  opened_at: isoTime(t.openedMs),
  closed_at: t.closedMs === null ? null : isoTime(t.closedMs),
  exit_reason: t.exitReason,
  closed_by: t.closedBy,
});

/** The wire form of a trade with its legs and deals. */
export const presentTradeDetail = ({
  trade,
  legs,
  deals,
}: TradeDetail): z.output<typeof tradeDetailSchema> => ({
  ...presentTrade(trade),
  legs: legs.map((l) => ({
    leg: l.leg,
    deal_ticket: l.dealTicket,
    volume: l.volume,
    exit_price: l.exitPrice,
    profit: l.profit,
    swap: l.swap,
    commission: l.commission,
    fee: l.fee,
    net: l.net,
    r_multiple: l.rMultiple,
    closed_at: isoTime(l.closedMs),
  })),
  deals: deals.map((d) => ({
    ticket: d.ticket,
    revision: d.revision,
    order_ticket: d.orderTicket,
    class: dealClass(d),
    type: d.type,
    entry: d.entry,
    reason: d.reason,
    volume: d.volume,
    price: d.price,
    profit: d.profit,
    swap: d.swap,
    commission: d.commission,
    fee: d.fee,
    time: isoTime(d.timeMs),
  })),
  chart_url: `/api/v1/trades/${trade.id}/chart`,
});
