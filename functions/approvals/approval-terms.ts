import canonicalize from 'canonicalize';
import type { ApprovedTerms } from '../execution/approved-terms.ts';
import { sha256Hex } from '../platform/digest.ts';

/** What a person countersigns: what execution keeps to, of which signal, for which account, until when. */
export type ApprovalTerms = ApprovedTerms & {
  signal_id: string;
  account_id: string;
  expires_at: string;
  consent_version: number;
};

/** SHA-256 (hex) of the terms in RFC 8785 form. */
export async function termsDigest(terms: ApprovalTerms): Promise<string> {
  const text = canonicalize(terms);
  if (text === undefined) throw new Error('terms that JSON cannot hold');
  return sha256Hex(text);
}
