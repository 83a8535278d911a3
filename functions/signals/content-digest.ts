import canonicalize from 'canonicalize';
import { sha256Hex } from '../platform/digest.ts';

/**
 * SHA-256 (hex) of content in RFC 8785 form: two bodies that say the same have the same digest, whatever their key
 * order, white space or spelling of numbers.
 */
export function contentDigest(content: Record<string, unknown>): Promise<string> {
  const text = canonicalize(content);
  if (text === undefined) throw new Error('content that JSON cannot hold');
  return sha256Hex(text);
}
