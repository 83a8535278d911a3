import { toBase64Url, utf8 } from '../platform/encoding.ts';

const FORM = /^cs_pat_[A-Za-z0-9_-]{43}$/;

/** A new access token from 32 random bytes. */
export const accessToken = (random: Uint8Array): string => `cs_pat_${toBase64Url(random)}`;

/**
 * SHA-256 of a token, base64url: what is stored. A token of 256 random bits needs no slow hash. Null where the text
 * cannot be a token, so that junk costs no look-up.
 */
export async function accessTokenHash(token: string): Promise<string | null> {
  return FORM.test(token) ? toBase64Url(await crypto.subtle.digest('SHA-256', utf8(token))) : null;
}
