// What can be asked of the broker's trade server and what it answers: MqlTradeRequest and MqlTradeResult in plain data.
import type { PendingType, Reason, Side } from './broker-records.ts';

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
}

export interface PendingRequest extends Asked {
  action: 'pending';
  symbol: string;
  type: PendingType;
  volume: string;
  price: string;
  sl: string | null;
  tp: string | null;
  /** Raw server wall clock, milliseconds; null is good till cancelled. */
  expiration: number | null;
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

export type TradeRequest = DealRequest | PendingRequest | StopsRequest | RemoveRequest;

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
