// Floating money of an account: profit, margin, equity.
// Invariants: profit (with swap) = sum over open positions; equity = balance + credit + profit, to the cent;
// gains are converted at the worse side of the quote and losses too, so no conversion ever flatters an account.
import type { AccountRecord, PositionRecord, Side, SymbolRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { type Decimal, dec, plain, roundHalfUp, sum } from './decimal.ts';

/** Currencies that can be valued in USD, by which symbol, and whether USD is the symbol's base. */
const USD_CROSSES: Record<string, { symbol: string; inverse: boolean }> = {
  EUR: { symbol: 'EURUSD', inverse: false },
  GBP: { symbol: 'GBPUSD', inverse: false },
  JPY: { symbol: 'USDJPY', inverse: true },
};

export interface AccountFigures {
  /** Floating profit with open swap, as ACCOUNT_PROFIT has it. */
  profit: Decimal;
  equity: Decimal;
  margin: Decimal;
  margin_free: Decimal;
  /** Percent with two decimals; null without margin. */
  margin_level: Decimal | null;
}

/** Whether accounts in this currency can be kept. */
export function isKnownCurrency(currency: string): boolean {
  return currency === 'USD' || currency in USD_CROSSES;
}

function usdPer(state: BrokerState, currency: string, high: boolean): Decimal {
  if (currency === 'USD') return dec(1);
  const cross = USD_CROSSES[currency];
  const quote = cross && state.tables.quote.get(cross.symbol);
  if (!quote) throw new Error(`no rate for ${currency}`);
  if (cross.inverse) return dec(1).div(high ? quote.bid : quote.ask);
  return dec(high ? quote.ask : quote.bid);
}

/** Converts money between currencies at current quotes, gains at the lower and losses at the higher rate. */
export function convertMoney(state: BrokerState, amount: Decimal, from: string, to: string): Decimal {
  if (from === to) return amount;
  const isLoss = amount.lt(0);
  return amount.times(usdPer(state, from, isLoss)).div(usdPer(state, to, !isLoss));
}

/** The current price a position of this side would be closed at: bid for a long, ask for a short. */
export function closingPrice(state: BrokerState, symbol: string, side: Side): Decimal {
  const quote = state.tables.quote.get(symbol);
  if (!quote) throw new Error(`no quote for ${symbol}`);
  return dec(side === 'buy' ? quote.bid : quote.ask);
}

/**
 * Profit of `volume` lots between two prices in the account's currency, rounded to its digits half away from zero.
 * Formula: (close - open) x side x contract size x lots, in the symbol's quote currency, then converted.
 */
export function profitOf(
  state: BrokerState,
  account: AccountRecord,
  leg: { symbol: string; side: Side; volume: Decimal; open: Decimal; close: Decimal },
): Decimal {
  const spec = specOf(state, leg.symbol);
  const move = leg.side === 'buy' ? leg.close.minus(leg.open) : leg.open.minus(leg.close);
  const inQuote = move.times(spec.contract_size).times(leg.volume);
  return roundHalfUp(convertMoney(state, inQuote, spec.quote, account.currency), account.currency_digits);
}

/** Floating profit of a position without swap, in the account's currency. */
export function floatingProfit(
  state: BrokerState,
  account: AccountRecord,
  position: PositionRecord,
): Decimal {
  return profitOf(state, account, {
    symbol: position.symbol,
    side: position.type,
    volume: dec(position.volume),
    open: dec(position.price_open),
    close: closingPrice(state, position.symbol, position.type),
  });
}

/** Margin of `volume` lots opened at `price`, in the account's currency, rounded to its digits. */
export function marginOf(
  state: BrokerState,
  account: AccountRecord,
  leg: { symbol: string; volume: Decimal; price: Decimal },
): Decimal {
  const spec = specOf(state, leg.symbol);
  const base = leg.volume.times(spec.contract_size).times(spec.margin_rate).div(account.leverage);
  const inAccount =
    spec.base === account.currency
      ? base
      : convertMoney(state, base.times(leg.price), spec.quote, account.currency);
  return roundHalfUp(inAccount, account.currency_digits);
}

/** Margin of a set of positions: per symbol the larger direction counts, as with a hedged margin of the longer leg. */
export function marginOfPositions(
  state: BrokerState,
  account: AccountRecord,
  positions: readonly PositionRecord[],
): Decimal {
  const legs = new Map<string, { buy: Decimal; sell: Decimal }>();
  for (const position of positions) {
    const leg = legs.get(position.symbol) ?? { buy: dec(0), sell: dec(0) };
    leg[position.type] = leg[position.type].plus(
      marginOf(state, account, {
        symbol: position.symbol,
        volume: dec(position.volume),
        price: dec(position.price_open),
      }),
    );
    legs.set(position.symbol, leg);
  }
  return sum([...legs.values()].map((leg) => (leg.buy.gt(leg.sell) ? leg.buy : leg.sell)));
}

/** All floating figures of an account at the current quotes. */
export function accountFigures(state: BrokerState, account: AccountRecord): AccountFigures {
  const positions = state.positionsOf(account.login);
  const profit = sum(positions.map((row) => floatingProfit(state, account, row).plus(row.swap)));
  // Read afresh: a row held by the caller may be older than the last deal.
  const { balance, credit } = state.tables.account.get(account.login) ?? account;
  const equity = dec(balance).plus(credit).plus(profit);
  const margin = marginOfPositions(state, account, positions);
  return {
    profit,
    equity,
    margin,
    margin_free: equity.minus(margin),
    margin_level: margin.eq(0) ? null : roundHalfUp(equity.div(margin).times(100), 2),
  };
}

/** Value of one tick of one lot in the account's currency, for a gain and for a loss, as plain text. */
export function tickValues(
  state: BrokerState,
  account: AccountRecord,
  spec: SymbolRecord,
): { gain: string; loss: string } {
  const tick = dec(spec.tick_size).times(spec.contract_size);
  const value = (amount: Decimal) =>
    plain(roundHalfUp(convertMoney(state, amount, spec.quote, account.currency).abs(), 8));
  return { gain: value(tick), loss: value(tick.times(-1)) };
}

/** The symbol's row; throws where the broker does not have it. */
export function specOf(state: BrokerState, symbol: string): SymbolRecord {
  const spec = state.tables.symbol.get(symbol);
  if (!spec) throw new Error(`no symbol ${symbol}`);
  return spec;
}
