// A producer's signature, written from the published scheme alone.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Ask } from './runtime.ts';

export type Signer = { id: string; secret: string };
export const SIGNALS = '/api/v1/signals';

/** What may be said otherwise than a good sender would. */
export type SigningOptions = {
  target?: string;
  timestamp?: string;
  /** null: none is sent, and an empty line is signed. */
  nonce?: string | null;
  /** Further headers, or others in place of the scheme's own. */
  headers?: Record<string, string>;
  chunked?: boolean;
  address?: string;
};

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** A signed `POST` of these bytes. */
export function signedAsk(signer: Signer, body: string | Uint8Array, options: SigningOptions = {}): Ask {
  const target = options.target ?? SIGNALS;
  const timestamp = options.timestamp ?? String(nowSeconds());
  const nonce = options.nonce === undefined ? randomBytes(16).toString('base64url') : options.nonce;
  const bodySha256 = createHash('sha256').update(body).digest('hex');
  const lines = ['v1', 'POST', target, timestamp, nonce ?? '', signer.id, bodySha256].join('\n');
  const key = Buffer.from(signer.secret.replace(/^whsec_/, ''), 'base64');
  return {
    method: 'POST',
    target,
    body,
    ...(options.chunked === undefined ? {} : { chunked: options.chunked }),
    ...(options.address === undefined ? {} : { address: options.address }),
    headers: {
      'content-type': 'application/json',
      'x-producer-id': signer.id,
      'x-timestamp': timestamp,
      ...(nonce === null ? {} : { 'x-nonce': nonce }),
      'x-signature': `v1=${createHmac('sha256', key).update(lines).digest('base64')}`,
      ...options.headers,
    },
  };
}

/** The ask without one of its headers. */
export function withoutHeader(ask: Ask, name: string): Ask {
  const headers = Object.fromEntries(Object.entries(ask.headers ?? {}).filter(([key]) => key !== name));
  return { ...ask, headers };
}

/** The ask with one header said otherwise. */
export const withHeader = (ask: Ask, name: string, value: string): Ask => ({
  ...ask,
  headers: { ...ask.headers, [name]: value },
});
