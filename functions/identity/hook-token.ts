import { toBase64Url, utf8 } from '../platform/encoding.ts';

const FORM = /^[A-Za-z0-9_-]{43}$/;

/** A new hook token from 32 random bytes. */
export const hookToken = (random: Uint8Array): string => toBase64Url(random);

/** Where a hook is reached: the address that is pasted into TradingView. */
export const hookUrl = (publicBaseUrl: string, token: string): string =>
  `${publicBaseUrl.replace(/\/+$/, '')}/hooks/tradingview/${token}`;

/**
 * SHA-256 of a hook token, base64url: what is stored. A token of 256 random bits needs no slow hash. Null where the
 * text cannot be a token, so that junk costs no look-up.
 */
export async function hookTokenHash(token: string): Promise<string | null> {
  return FORM.test(token) ? toBase64Url(await crypto.subtle.digest('SHA-256', utf8(token))) : null;
}
