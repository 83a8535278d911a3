/**
 * What a trade brought in other measures than money (domain 6): pips, and units of what was risked at its entry. Null where
 * it is not defined, never a stand-in; and where the figure is beyond what a column holds. Pure.
 */
import { Big, plain } from '../platform/decimal.ts';
import { pipSize } from './pip-size.ts';
import type { Trade } from './trade-projection.ts';

/** What was at stake when a position was opened; all of it stays what it was, whatever is moved or quoted later. */
export type EntryRisk = {
  initialStop: string | null;
  tickSize: string | null;
  /** Money of one tick on a losing position of one lot, in the account's currency, at the entry. */
  tickValueLoss: string | null;
};

const PLACES = 8;
/** Of numeric(20,8). */
const BEYOND = new Big('1e12');

const rounded = (value: Big): string | null => {
  const figure = value.round(PLACES, Big.roundHalfUp);
  return figure.abs().gte(BEYOND) ? null : plain(figure);
};

/** side x (average exit - average entry) in pips of the instrument; null before the first exit. */
export function pipsOf(
  { side, entryPrice, exitPrice }: Pick<Trade, 'side' | 'entryPrice' | 'exitPrice'>,
  instrument: string,
): string | null {
  if (exitPrice === null) return null;
  const move = new Big(exitPrice).minus(entryPrice).times(side === 'buy' ? 1 : -1);
  return rounded(move.div(pipSize(instrument)));
}

/**
 * Money that was risked: ticks from the average entry to the first stop, times the value of a tick, times the lots filled.
 * Null without a stop at the entry, without the value of a tick, or where the stop was on the winning side.
 */
export function riskedMoney(
  { side, entryPrice, volume }: Pick<Trade, 'side' | 'entryPrice' | 'volume'>,
  { initialStop, tickSize, tickValueLoss }: EntryRisk,
): Big | null {
  if (initialStop === null || tickSize === null || tickValueLoss === null) return null;
  if (new Big(tickSize).lte(0)) return null;
  const distance = new Big(entryPrice).minus(initialStop).times(side === 'buy' ? 1 : -1);
  const money = distance.div(tickSize).times(tickValueLoss).times(volume);
  return money.gt(0) ? money : null;
}

/** Net in units of the risked money. */
export const multipleOf = (net: string, risked: Big | null): string | null =>
  risked === null ? null : rounded(new Big(net).div(risked));
