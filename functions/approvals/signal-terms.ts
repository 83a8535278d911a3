import { orderLimits } from '../execution/order-limits.ts';
import { isoTime } from '../platform/clock.ts';
import { plain, plainOrNull } from '../platform/decimal.ts';
import type { DecisionContext } from './approval-store.ts';
import type { ApprovalTerms } from './approval-terms.ts';
import { ANY_PRICE, priceBand } from './price-band.ts';

/** The terms that are shown, hashed and stored for a signal on an account, sized as things stand there now. */
export const signalTerms = (
  context: DecisionContext,
  account: DecisionContext['accounts'][number],
  consentVersion: number,
): ApprovalTerms => {
  const { signal } = context;
  // A close that the market has run away from must still be possible: its band is the producer's or none.
  const unbounded = signal.intent === 'close' && signal.maxSlippagePoints === null;
  const wanted = {
    intent: signal.intent,
    side: signal.side,
    order_type: signal.orderType,
    price: plain(signal.price),
    band: unbounded ? ANY_PRICE : priceBand(signal.price, context.digits, signal.maxSlippagePoints),
    stop_loss: plainOrNull(signal.stopLoss),
    take_profit: plainOrNull(signal.takeProfit),
  };
  const { volume, risk, band } = orderLimits(account.trading, wanted);
  return {
    signal_id: signal.id,
    account_id: account.id,
    ...wanted,
    band,
    max_volume: volume,
    max_risk: risk,
    expires_at: isoTime(signal.expiresMs),
    consent_version: consentVersion,
  };
};
