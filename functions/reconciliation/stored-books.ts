/**
 * What is stored beside the ledger when a snapshot is compared with it: what the one before showed, what we told the broker,
 * and which divergences stand. Plain data.
 */
import type { ModifyInstruction, TradeInstruction } from '../bridge/bridge-protocol.ts';

/** A position as the last applied snapshot showed it. */
export type StoredPosition = {
  identifier: string;
  ticket: string;
  volume: string;
  stopLoss: string | null;
  takeProfit: string | null;
  swap: string;
};

/** Of ours, with what it asked for. */
export type StoredCommand = {
  id: string;
  kind: 'open' | 'place' | 'close' | 'cancel' | 'modify_sltp';
  state: string;
  magic: string;
  comment: string;
  symbol: string;
  signalId: string | null;
  orderTicket: string | null;
  /** Of a pending order its own, of a market order the one that was countersigned; null: none is known. */
  askedPrice: string | null;
  /** Of a cancellation: the command whose order it takes back. */
  targetId: string | null;
  pre: Partial<TradeInstruction['pre']>;
  order: Partial<TradeInstruction['order'] & ModifyInstruction['order'] & { order_ticket: string }>;
};

export type StoredDivergence = {
  code: string;
  brokerKey: string;
  status: 'open' | 'resolved';
  detectedMs: number;
};

export type StoredBooks = {
  /** Since when the books are kept: what happened before differs from nothing. Null: with this snapshot. */
  boundMs: number | null;
  positions: readonly StoredPosition[];
  /** `ticket/state` of those ended orders of the snapshot that are stored already. */
  endedOrders: ReadonlySet<string>;
  commands: readonly StoredCommand[];
  /** Those that stand, and those that the last applied snapshot showed as well. */
  divergences: readonly StoredDivergence[];
  /**
   * Sum of all stored deals but those of credit, each as it was last stated before it was cancelled, which a correction of its
   * own makes good; null: it was not read.
   */
  ledgerBalance: string | null;
  /** Our instruments, by the names that this account's broker has for them. */
  instruments: Readonly<Record<string, string>>;
};

/** Of an account that is seen for the first time. */
export const NOTHING_STORED: StoredBooks = {
  boundMs: null,
  positions: [],
  endedOrders: new Set(),
  commands: [],
  divergences: [],
  ledgerBalance: null,
  instruments: {},
};
