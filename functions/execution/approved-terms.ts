/** What a person countersigned, as far as execution must keep to it. Decimals are plain strings, times ISO 8601. */
export type ApprovedTerms = {
  intent: 'open' | 'close';
  /** The side of the order itself: a close that sells closes what was bought. */
  side: 'buy' | 'sell';
  order_type: 'market' | 'limit' | 'stop';
  price: string;
  /** The farthest price at which it may execute. */
  band: { low: string; high: string };
  stop_loss: string | null;
  take_profit: string | null;
  max_volume: string;
  /** Loss at the stop in the account's currency; null where there is no stop, or nothing yet to value it with. */
  max_risk: string | null;
};
