/**
 * The figures that a terminal states in its own report, by its own rules and from our legs, so that the two can be held
 * beside each other to the cent. Where domain 6 and the terminal differ the terminal is followed here and only here: a
 * trade of exactly zero counts as a profit trade (the MT4 statement in the tests states 360 with 17 of them).
 */
import { balanceDrawdown } from './balance-drawdown.ts';
import { amountOf, meanOf, unitsOf } from './exact-money.ts';
import { newStreaks, type TalliedLeg } from './leg-tally.ts';
import { inCloseOrder, type RealisedLeg } from './realised-leg.ts';

export type StatementFigures = {
  net: string;
  gross_profit: string;
  gross_loss: string;
  /** Null without losses. */
  profit_factor: number | null;
  /** Null without trades. */
  expected_payoff: string | null;
  total_trades: number;
  wins: number;
  losses: number;
  largest_profit: string;
  largest_loss: string;
  max_consecutive_wins: number;
  max_consecutive_wins_money: string;
  max_consecutive_losses: number;
  max_consecutive_losses_money: string;
  deposits: string;
  withdrawals: string;
  start_balance: string;
  balance_dd_absolute: string;
  balance_dd_maximal: string;
  balance_dd_maximal_percent: number | null;
  balance_dd_relative_percent: number | null;
  balance_dd_relative_money: string;
};

/** Money that went in (positive) or out (negative) and is no result; a plain decimal. */
export type Flow = { ticket: string; timeMs: number; amount: string };

/**
 * A terminal's figures. `legs` and `flows` may come in any order. `startBalance` is a plain decimal, the balance before the
 * first trade; without it the flows up to the first opening are what the account began with.
 */
export const statementFigures = (
  legs: readonly RealisedLeg[],
  flows: readonly Flow[],
  startBalance?: string,
): StatementFigures => orderedStatementFigures(inCloseOrder(legs), flows, startBalance);

/** The same of legs that come in close order already. */
export function orderedStatementFigures(
  legs: readonly TalliedLeg[],
  flows: readonly Flow[],
  startBalance?: string,
): StatementFigures {
  const nets = legs.map((leg) => unitsOf(leg.net));
  const start = startBalance === undefined ? openingBalance(legs, flows) : unitsOf(startBalance);
  const add = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);
  const losing = nets.filter((net) => net < 0n);
  const winning = nets.filter((net) => net >= 0n);
  const [gain, loss] = [add(winning), add(losing)];
  const streaks = newStreaks((sign) => (sign < 0 ? -1 : 1));
  for (const net of nets) streaks.add(net);
  const down = balanceDrawdown(start, nets);
  const moved = flows.map((flow) => unitsOf(flow.amount));
  return {
    net: amountOf(gain + loss),
    gross_profit: amountOf(gain),
    gross_loss: amountOf(loss),
    profit_factor: loss === 0n ? null : Number(gain) / Number(-loss),
    expected_payoff: nets.length === 0 ? null : meanOf(gain + loss, nets.length),
    total_trades: nets.length,
    wins: winning.length,
    losses: losing.length,
    largest_profit: amountOf(winning.reduce((most, net) => (net > most ? net : most), 0n)),
    largest_loss: amountOf(losing.reduce((most, net) => (net < most ? net : most), 0n)),
    max_consecutive_wins: streaks.wins().count,
    max_consecutive_wins_money: amountOf(streaks.wins().units),
    max_consecutive_losses: streaks.losses().count,
    max_consecutive_losses_money: amountOf(streaks.losses().units),
    deposits: amountOf(add(moved.filter((units) => units > 0n))),
    withdrawals: amountOf(add(moved.filter((units) => units < 0n))),
    start_balance: amountOf(start),
    balance_dd_absolute: down.absolute,
    balance_dd_maximal: down.maximal,
    balance_dd_maximal_percent: down.maximal_percent,
    balance_dd_relative_percent: down.relative_percent,
    balance_dd_relative_money: down.relative,
  };
}

function openingBalance(legs: readonly TalliedLeg[], flows: readonly Flow[]): bigint {
  const first = legs.reduce((at, leg) => Math.min(at, leg.openedMs), Number.POSITIVE_INFINITY);
  return flows
    .filter((flow) => flow.timeMs <= first)
    .reduce((total, flow) => total + unitsOf(flow.amount), 0n);
}
