/**
 * Addresses of charts. A market chart's is its digest alone, public and for ever. A private one's begins with `p-` and
 * carries `exp` (Unix seconds) and `sig`, an HMAC over digest and expiry; its digest is keyed by user, so that two
 * users with the same data have different addresses. Pure but for WebCrypto.
 */
import { hmac, hmacKey } from '../platform/digest.ts';
import { toBase64Url } from '../platform/encoding.ts';
import { type CdnKey, signForCdn } from './cdn-signature.ts';

/** How long a private address works. */
export const PRIVATE_LIFE_SECONDS = 3600;

const FILE = /^((?:p-)?[0-9a-f]{64})\.(png|svg|pdf)$/;

const DIGEST = /^(?:p-)?[0-9a-f]{64}$/;

export type ChartFile = { digest: string; format: 'png' | 'svg' | 'pdf'; private: boolean };

/** The digest and format that a file name names; null where it is not one of a chart. */
export function chartFile(name: string): ChartFile | null {
  const found = FILE.exec(name);
  if (found === null) return null;
  const digest = found[1] ?? '';
  return { digest, format: found[2] as ChartFile['format'], private: digest.startsWith('p-') };
}

/** Where a file is in object storage: the path of its address. */
export const fileKey = ({ digest, format }: Pick<ChartFile, 'digest' | 'format'>): string =>
  `charts/${digest}.${format}`;

/** The digest that an API path names, without a format; null where it is none. */
export const chartDigestOf = (text: string): string | null => (DIGEST.test(text) ? text : null);

/** The key of one user's private digests. */
export async function privateDigestKey(
  master: Uint8Array<ArrayBuffer>,
  userId: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return hmac(await hmacKey(master), `chart-digest|${userId}`);
}

/** The `sig` of a private digest until `expSeconds`. */
export async function addressSignature(
  master: Uint8Array<ArrayBuffer>,
  digest: string,
  expSeconds: number,
): Promise<string> {
  return toBase64Url(await hmac(await hmacKey(master), `chart-url|${digest}|${expSeconds}`));
}

/** The three addresses of a chart below `baseUrl`; with a CDN key, private ones carry the CDN's signature as well. */
export async function chartAddresses(
  baseUrl: string,
  digest: string,
  access: { master: Uint8Array<ArrayBuffer>; expSeconds: number; cdn: CdnKey | null } | null,
): Promise<{ png: string; svg: string; pdf: string }> {
  const query =
    access === null
      ? ''
      : `?exp=${access.expSeconds}&sig=${await addressSignature(access.master, digest, access.expSeconds)}`;
  const address = async (format: string) => {
    const own = `${baseUrl.replace(/\/$/, '')}/charts/${digest}.${format}${query}`;
    return access?.cdn ? signForCdn(own, access.expSeconds, access.cdn) : own;
  };
  return { png: await address('png'), svg: await address('svg'), pdf: await address('pdf') };
}

/** Whether a private address is right now good, past its time, or not one of ours. */
export async function judgeAddress(
  master: Uint8Array<ArrayBuffer>,
  digest: string,
  given: { exp: string | undefined; sig: string | undefined },
  nowMs: number,
): Promise<'good' | 'expired' | 'foreign'> {
  if (given.exp === undefined || given.sig === undefined || !/^\d{1,12}$/.test(given.exp)) return 'foreign';
  const expSeconds = Number(given.exp);
  const right = await addressSignature(master, digest, expSeconds);
  // Compared as MACs of the MACs, so that the time taken says nothing of how much was right.
  const key = await hmacKey(master);
  const same = toBase64Url(await hmac(key, right)) === toBase64Url(await hmac(key, given.sig));
  if (!same) return 'foreign';
  return expSeconds * 1000 > nowMs ? 'good' : 'expired';
}
