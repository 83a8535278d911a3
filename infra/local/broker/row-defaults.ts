// Completes rows that an older version of the broker wrote to its journal, so that a data folder outlives an upgrade.
import type { AccountRecord, OrderRecord, SymbolRecord } from './broker-records.ts';
import type { Tables } from './broker-state.ts';
import { SYMBOL_DEFAULTS } from './symbol-defaults.ts';

/** What an account is unless its terms say otherwise. */
export const ACCOUNT_DEFAULTS = {
  margin_so_call: '100',
  margin_so_so: '50',
  fifo_close: false,
  comment_length: 31,
  keeps_magic: false,
} as const satisfies Partial<AccountRecord>;

const ORDER_DEFAULTS = {
  price_stoplimit: null,
  type_filling: 'return',
  position_by_id: '0',
} as const satisfies Partial<OrderRecord>;

/** The row with every field that this version knows; a whole row, a row of another table and a deletion pass as they are. */
export function completeRow<K extends keyof Tables>(table: K, row: Tables[K] | null): Tables[K] | null {
  if (row === null) return null;
  const defaults: object = defaultsOf(table, row as object);
  const isWhole = Object.keys(defaults).every((key) => key in (row as object));
  return isWhole ? row : { ...defaults, ...(row as object & Tables[K]) };
}

function defaultsOf(table: keyof Tables, row: object): object {
  switch (table) {
    case 'account':
      return ACCOUNT_DEFAULTS;
    case 'order':
    case 'history':
      return {
        ...ORDER_DEFAULTS,
        type_time: (row as OrderRecord).time_expiration === null ? 'gtc' : 'specified',
      };
    case 'bridge':
      return { sync_url: null };
    case 'symbol':
      return SYMBOL_DEFAULTS.find((spec) => spec.symbol === (row as SymbolRecord).symbol) ?? {};
    default:
      return {};
  }
}
