/**
 * Drawdowns of the balance over closed trades, as MetaTrader's reports state them: from the balance at the start on, trade
 * by trade in close order, cash flows left out. The maximal one is the largest in money, with its percentage of that peak;
 * the relative one is the largest percentage, with its money: two events that need not be the same (domain 6). Flows are
 * never losses; a statement with two withdrawals would show 68.67 % for 5.15 % otherwise (domain 3.1).
 */
import { amountOf } from './exact-money.ts';

export type BalanceDrawdown = {
  /** How far the balance ever stood below the start. */
  absolute: string;
  maximal: string;
  /** Null where the peak is not above zero: nothing can be a share of it. */
  maximal_percent: number | null;
  relative_percent: number | null;
  relative: string;
};

/** The drawdowns of trades whose nets come in close order; `start` is the balance before the first. All in money units. */
export function balanceDrawdown(start: bigint, nets: readonly bigint[]): BalanceDrawdown {
  let balance = start;
  let [peak, lowest] = [start, start];
  let [maximal, maximalPeak] = [0n, start];
  let [relative, relativePeak] = [0n, 0n];
  for (const net of nets) {
    balance += net;
    if (balance > peak) peak = balance;
    if (balance < lowest) lowest = balance;
    const down = peak - balance;
    if (down > maximal) [maximal, maximalPeak] = [down, peak];
    // a/b > c/d by products: a ratio in floats could take the wrong one of two that nearly agree.
    if (peak > 0n && (relativePeak === 0n || down * relativePeak > relative * peak))
      [relative, relativePeak] = [down, peak];
  }
  const percent = (money: bigint, of: bigint) => (of > 0n ? (Number(money) / Number(of)) * 100 : null);
  return {
    absolute: amountOf(start - lowest),
    maximal: amountOf(maximal),
    maximal_percent: percent(maximal, maximalPeak),
    relative_percent: nets.length === 0 ? percent(0n, start) : percent(relative, relativePeak),
    relative: amountOf(relative),
  };
}
