/**
 * The volume and the loss that an approval would allow at this moment, for the terms that a person is shown. Pure.
 * The loss is rounded up to two digits: between showing and sending the worth of a tick in another currency moves, and
 * a limit to the cent would turn that into a smaller order. What is countersigned is the rounded figure.
 */
import { Big, plain } from '../platform/decimal.ts';
import { sizedEntry, type TradingFacts, type WantedEntry } from './sized-entry.ts';
import { closableVolume } from './stake.ts';

/** `band`: as wide as such an order could be filled on this account. */
export type OrderLimits = { volume: string; risk: string | null; band: WantedEntry['band'] };

/** By risk an entry that cannot be sized now is allowed nothing; a fixed volume is what the account says. */
export function orderLimits(
  facts: TradingFacts,
  wanted: WantedEntry & { intent: 'open' | 'close' },
): OrderLimits {
  const unsized = { risk: null, band: wanted.band };
  if (wanted.intent === 'close') {
    const { account, stake } = facts;
    const mode = account.binding?.marginMode ?? 'hedging';
    return { ...unsized, volume: closableVolume(stake, mode, wanted.side === 'buy' ? 'sell' : 'buy') };
  }
  const sized = sizedEntry(facts, wanted, null);
  if (sized.kind === 'sized')
    return {
      volume: sized.volume,
      risk: sized.risk === null ? null : upToTwoDigits(sized.risk),
      band: sized.band,
    };
  const { settings, orderVolume } = facts.account;
  return { ...unsized, volume: settings.riskBps === null ? plain(orderVolume) : '0' };
}

/** Rounded up to two significant digits: 189.84 is 190, 0.0123 is 0.013. */
function upToTwoDigits(amount: string): string {
  const value = new Big(amount);
  return plain(value.round(1 - value.e, Big.roundUp));
}
