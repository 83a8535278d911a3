import { isoTime } from '../platform/clock.ts';
import { plain, plainOrNull } from '../platform/decimal.ts';
import type { DecisionContext } from './approval-store.ts';
import type { ApprovalTerms } from './approval-terms.ts';
import { priceBand } from './price-band.ts';

/** The terms that are shown, hashed and stored for a signal on an account that trades `volume` lots. */
export const signalTerms = (
  context: DecisionContext,
  account: { id: string; volume: string },
  consentVersion: number,
): ApprovalTerms => {
  const { signal } = context;
  return {
    signal_id: signal.id,
    account_id: account.id,
    intent: signal.intent,
    side: signal.side,
    order_type: signal.orderType,
    price: plain(signal.price),
    band: priceBand(signal.price, context.digits, signal.maxSlippagePoints),
    stop_loss: plainOrNull(signal.stopLoss),
    take_profit: plainOrNull(signal.takeProfit),
    max_volume: plain(account.volume),
    max_risk: null,
    expires_at: isoTime(signal.expiresMs),
    consent_version: consentVersion,
  };
};
