// One value per realised trade, by column: money, multiples of the risk, or seconds. Pure.
import type { HistogramSpec } from './chart-spec.ts';

/** A trade, or a leg of one, that is over. `r` null: nobody knows what was at stake. */
export type EndedTrade = { net: string; r: string | null; openedMs: number; closedMs: number };

/** The values of the trades of which the column is known, in their order. */
export function tradeValues(trades: readonly EndedTrade[], column: HistogramSpec['column']): number[] {
  switch (column) {
    case 'profit':
      return trades.map(({ net }) => Number(net));
    case 'r':
      return trades.flatMap(({ r }) => (r === null ? [] : [Number(r)]));
    case 'duration':
      return trades.map(({ openedMs, closedMs }) => Math.max(0, Math.round((closedMs - openedMs) / 1000)));
  }
}

/** Decimals of the column's values; `moneyDigits` are those of the account's currency. */
export const columnDigits = (column: HistogramSpec['column'], moneyDigits: number): number =>
  column === 'profit' ? moneyDigits : column === 'r' ? 2 : 0;
