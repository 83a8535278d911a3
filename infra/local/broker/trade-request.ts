// What can be asked of the broker's trade server and what it answers: MqlTradeRequest and MqlTradeResult in plain data.
import type { Filling, PendingType, Reason, Side, StopLimitType, TimeType } from './broker-records.ts';

interface Asked {
  login: string;
  magic: string;
  comment: string;
  /** `expert` through the bridge, `client` by hand. */
  reason: Reason;
}

export interface DealRequest extends Asked {
  action: 'deal';
  symbol: string;
  side: Side;
  volume: string;
  /** Price the caller saw; only judged together with `deviation_points`. */
  price: string | null;
  deviation_points: number | null;
  sl: string | null;
  tp: string | null;
  /** Ticket of the position to close; null opens (or nets). */
  position: string | null;
  /** Left out, the terminal takes the first one that the symbol allows. */
  filling?: Filling | undefined;
}

export interface PendingRequest extends Asked {
  action: 'pending';
  symbol: string;
  type: PendingType | StopLimitType;
  volume: string;
  price: string;
  /** The limit that a stop-limit places once `price` is reached. */
  price_stoplimit?: string | null | undefined;
  sl: string | null;
  tp: string | null;
  /** Raw server wall clock, milliseconds; null is good till cancelled. */
  expiration: number | null;
  /** Left out, `specified` with an expiration and `gtc` without. */
  type_time?: TimeType | undefined;
  /** Left out, `return`. */
  filling?: Filling | undefined;
}

export interface ModifyRequest extends Asked {
  action: 'modify';
  order: string;
  price?: string | undefined;
  /** undefined leaves a level or the expiration as it is, null removes it. */
  sl?: string | null | undefined;
  tp?: string | null | undefined;
  expiration?: number | null | undefined;
}

export interface CloseByRequest extends Asked {
  action: 'close_by';
  /** Tickets of two opposite positions of one symbol. */
  position: string;
  position_by: string;
}

export interface StopsRequest extends Asked {
  action: 'sltp';
  position: string;
  /** undefined leaves the level as it is, null removes it. */
  sl?: string | null | undefined;
  tp?: string | null | undefined;
}

export interface RemoveRequest extends Asked {
  action: 'remove';
  order: string;
}

export type TradeRequest =
  | DealRequest
  | PendingRequest
  | StopsRequest
  | RemoveRequest
  | ModifyRequest
  | CloseByRequest;

export interface TradeAnswer {
  retcode: number;
  order: string | null;
  deal: string | null;
  price: string | null;
  volume: string | null;
}

/** An answer that moved nothing. */
export function refusal(retcode: number): TradeAnswer {
  return { retcode, order: null, deal: null, price: null, volume: null };
}
