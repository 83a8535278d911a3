import canonicalize from 'canonicalize';
import { sha256Hex } from '../platform/digest.ts';

/** What a person countersigns: execution never exceeds it. Decimals are plain strings, times ISO 8601. */
export type ApprovalTerms = {
  signal_id: string;
  account_id: string;
  intent: 'open' | 'close';
  side: 'buy' | 'sell';
  order_type: 'market' | 'limit' | 'stop';
  price: string;
  /** The farthest price at which it may execute. */
  band: { low: string; high: string };
  stop_loss: string | null;
  take_profit: string | null;
  max_volume: string;
  /** Loss at the stop in the account's currency; null where the signal has no stop. */
  max_risk: string | null;
  expires_at: string;
  consent_version: number;
};

/** SHA-256 (hex) of the terms in RFC 8785 form. */
export async function termsDigest(terms: ApprovalTerms): Promise<string> {
  const text = canonicalize(terms);
  if (text === undefined) throw new Error('terms that JSON cannot hold');
  return sha256Hex(text);
}
