/** An entry's prices and volume together, as they are shown before an approval and built after it. Pure. */
import { compare, sum } from '../platform/decimal.ts';
import type { Account } from './account-store.ts';
import type { ApprovedTerms } from './approved-terms.ts';
import { type OrderPrices, orderPrices, ratioEnd } from './order-prices.ts';
import { type Refused, refused } from './order-refusal.ts';
import { positionSize } from './position-size.ts';
import type { Stake } from './stake.ts';
import type { SymbolSpecification } from './symbol-specification.ts';
import { priceOf, toTicks } from './tick-price.ts';

/** What an account's orders in a symbol depend on, as the last valid snapshot and our own commands say it. */
export type TradingFacts = {
  account: Account;
  /** The broker's name of the instrument. */
  symbol: string;
  specification: SymbolSpecification | null;
  /** Positions, working orders and commands on their way, on the whole account. */
  exposures: number;
  /** Lots of the same in the symbol, by side. */
  buyVolume: string;
  sellVolume: string;
  /** What the commands on their way will take of the free margin, in any symbol; null where one's cannot be told. */
  marginOnTheWay: string | null;
  /** What everything on the account is worth; null where that cannot be told, or nobody limits it. */
  exposure: string | null;
  /** What the signal's dedup scope has there in its instrument. */
  stake: Stake;
  /** Whether something stands in the symbol that a person has to look at first (domain 2.5). */
  quarantined: boolean;
};

export type WantedEntry = Pick<
  ApprovedTerms,
  'side' | 'order_type' | 'price' | 'band' | 'stop_loss' | 'take_profit'
>;
export type SizedEntry = {
  kind: 'sized';
  prices: OrderPrices;
  specification: SymbolSpecification & { tickSize: string };
  /** The wanted one, and of a market order only as far as its fill keeps the account's ratio of reward to risk. */
  band: WantedEntry['band'];
  volume: string;
  /** Loss at the stop of the worst allowed fill; null without a stop or its value. */
  risk: string | null;
};

/** Builds and sizes the entry; with `approved` it never exceeds that. */
export function sizedEntry(
  facts: TradingFacts,
  wanted: WantedEntry,
  approved: { volume: string; risk: string | null } | null,
): SizedEntry | Refused {
  const { account, specification: spec } = facts;
  if (spec === null) return refused('symbol-unknown');
  if (spec.tickSize === null || !isSound(spec)) return refused('symbol-incomplete');
  const specification = { ...spec, tickSize: spec.tickSize };
  const asked = {
    side: wanted.side,
    price: wanted.price,
    stopLoss: wanted.stop_loss,
    takeProfit: wanted.take_profit,
  };
  const prices = orderPrices(asked, specification, account.settings);
  if (prices.kind === 'refused') return prices;
  const band = keptBand(wanted, prices, { tick: spec.tickSize, ratio: account.settings.rewardRatio });
  const size = positionSize({
    settings: account.settings,
    orderVolume: account.orderVolume,
    balance: account.state?.['balance'] ?? null,
    equity: account.state?.['equity'] ?? null,
    marginFree: account.state?.['margin_free'] ?? null,
    marginOnTheWay: facts.marginOnTheWay,
    riskTicks: worstRisk({ ...wanted, band }, prices, specification.tickSize),
    specification,
    openVolume: wanted.side === 'buy' ? facts.buyVolume : facts.sellVolume,
    instrumentVolume: sum([facts.buyVolume, facts.sellVolume]),
    exposure: facts.exposure,
    approved,
  });
  return size.kind === 'refused'
    ? size
    : { kind: 'sized', prices, specification, band, volume: size.volume, risk: size.risk };
}

const isSound = (s: SymbolSpecification): boolean =>
  [s.point, s.tickSize ?? '0', s.volumeStep, s.volumeMin, s.volumeMax].every((d) => compare(d, '0') > 0);

function keptBand(
  { order_type, side, band }: WantedEntry,
  prices: OrderPrices,
  { tick, ratio }: { tick: string; ratio: string | null },
): WantedEntry['band'] {
  const end = order_type === 'market' ? ratioEnd(prices, side, ratio) : null;
  if (end === null) return band;
  const price = priceOf(end, tick);
  return side === 'buy'
    ? { ...band, high: compare(price, band.high) < 0 ? price : band.high }
    : { ...band, low: compare(price, band.low) > 0 ? price : band.low };
}

/** A market order may fill anywhere in its band: what it may lose is measured from the far end. */
function worstRisk(wanted: WantedEntry, prices: OrderPrices, tick: string): bigint | null {
  const { stop, risk } = prices;
  if (stop === null || risk === null || wanted.order_type !== 'market') return risk;
  const worst =
    wanted.side === 'buy'
      ? toTicks(wanted.band.high, tick, 'up') - stop
      : stop - toTicks(wanted.band.low, tick, 'down');
  return worst > risk ? worst : risk;
}
