// Turns a bridge command into a trade request, or says why the bridge refuses it before anything is sent.
// Invariant: a command whose preconditions do not hold never reaches the trade server.
import type { Command } from './bridge-envelope.ts';
import { type AccountRecord, PENDING_TYPES, type Side } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { dec } from './decimal.ts';
import { pointOf } from './order-check.ts';
import { toServerMs } from './server-clock.ts';
import type { TradeRequest } from './trade-request.ts';

const MAX_COMMENT_LENGTH = 31;

/** Why a command must not be sent (a slug for `reason`), or null: login, server, symbol, position, volume, spread. */
export function refusalReason(state: BrokerState, account: AccountRecord, command: Command): string | null {
  const { pre, order, evidence } = command;
  if (pre.login !== account.login) return 'login_mismatch';
  if (pre.server !== account.server) return 'server_mismatch';
  if (pre.symbol !== order.symbol) return 'symbol_mismatch';
  const spec = state.tables.symbol.get(order.symbol);
  const quote = state.tables.quote.get(order.symbol);
  if (!spec || !quote) return 'unknown_symbol';
  // The terminal's own call rejects longer comments outright instead of cutting them.
  if (evidence.comment.length > MAX_COMMENT_LENGTH) return 'comment_too_long';
  const spread = dec(quote.ask).minus(quote.bid).div(pointOf(spec));
  if (pre.max_spread_points != null && spread.gt(pre.max_spread_points)) return 'spread_too_wide';
  if (pre.volume_at_most != null && order.volume != null && dec(order.volume).gt(pre.volume_at_most)) {
    return 'volume_above_precondition';
  }
  // The quote it would trade at: what was countersigned holds for these prices and no others.
  const price = order.type === 'sell' ? quote.bid : quote.ask;
  if (pre.price_low != null && dec(price).lt(pre.price_low)) return 'price_outside_band';
  if (pre.price_high != null && dec(price).gt(pre.price_high)) return 'price_outside_band';
  // A position that is gone is for the trade server to say (10036), which is as good as closed.
  const position =
    order.position_ticket == null ? undefined : state.tables.position.get(order.position_ticket);
  if (position && pre.position_id != null && position.identifier !== pre.position_id)
    return 'position_mismatch';
  return null;
}

/** The trade request of a command, or null where the order lacks what its kind needs. */
export function requestOf(account: AccountRecord, command: Command): TradeRequest | null {
  const { order } = command;
  const asked = {
    login: account.login,
    magic: command.evidence.magic,
    comment: command.evidence.comment,
    reason: 'expert' as const,
  };
  switch (command.kind) {
    case 'open':
      return dealRequest(command, asked, null);
    case 'close':
      // Without a position a deal on a netting account could open the other way: forbidden.
      return order.position_ticket == null ? null : dealRequest(command, asked, order.position_ticket);
    case 'close_by':
      return order.position_ticket == null || order.position_by_ticket == null
        ? null
        : {
            ...asked,
            action: 'close_by',
            position: order.position_ticket,
            position_by: order.position_by_ticket,
          };
    case 'modify_order':
      return modifyRequest(account, command, asked);
    case 'place':
      return pendingRequest(account, command, asked);
    case 'cancel':
      return order.order_ticket == null ? null : { ...asked, action: 'remove', order: order.order_ticket };
    case 'modify_sltp':
      return order.position_ticket == null
        ? null
        : {
            ...asked,
            action: 'sltp',
            position: order.position_ticket,
            sl: movedLevel(order.stop_loss),
            tp: movedLevel(order.take_profit),
          };
  }
}

type Asked = Pick<TradeRequest, 'login' | 'magic' | 'comment' | 'reason'>;

function dealRequest(command: Command, asked: Asked, position: string | null): TradeRequest | null {
  const { order } = command;
  if ((order.type !== 'buy' && order.type !== 'sell') || order.volume == null) return null;
  return {
    ...asked,
    action: 'deal',
    symbol: order.symbol,
    side: order.type satisfies Side,
    volume: order.volume,
    price: order.price ?? null,
    deviation_points: order.deviation_points ?? null,
    sl: level(order.stop_loss),
    tp: level(order.take_profit),
    position,
    filling: order.filling ?? undefined,
  };
}

function modifyRequest(account: AccountRecord, command: Command, asked: Asked): TradeRequest | null {
  const { order } = command;
  if (order.order_ticket == null) return null;
  return {
    ...asked,
    action: 'modify',
    order: order.order_ticket,
    price: order.price ?? undefined,
    sl: movedLevel(order.stop_loss),
    tp: movedLevel(order.take_profit),
    expiration: order.expires_at === undefined ? undefined : serverTime(account, order.expires_at),
  };
}

function pendingRequest(account: AccountRecord, command: Command, asked: Asked): TradeRequest | null {
  const { order } = command;
  const type = PENDING_TYPES.find((pending) => pending === order.type);
  if (order.volume == null || order.price == null || !type) return null;
  return {
    ...asked,
    action: 'pending',
    symbol: order.symbol,
    type,
    volume: order.volume,
    price: order.price,
    price_stoplimit: order.price_stoplimit,
    sl: level(order.stop_loss),
    tp: level(order.take_profit),
    expiration: serverTime(account, order.expires_at),
    type_time: order.expiration ?? undefined,
    filling: order.filling ?? undefined,
  };
}

/** UTC text as raw server wall clock, milliseconds; null stays none. */
function serverTime(account: AccountRecord, utc: string | null | undefined): number | null {
  return utc == null ? null : toServerMs(account.server_tz, Date.parse(utc));
}

/** MT5 writes 0 for "no stop"; both that and an absent field mean none on a new order. Same price, same text. */
function level(text: string | null | undefined): string | null {
  return text == null || dec(text).eq(0) ? null : dec(text).toFixed();
}

/** On a modification an absent level stays as it is; null or 0 removes it. */
function movedLevel(text: string | null | undefined): string | null | undefined {
  return text === undefined ? undefined : level(text);
}
