// The name of a picture. Invariants: equal pictures have equal digests on every runtime, because the request is
// hashed (RFC 8785 form), never the bytes; the format is not part of it, so one digest serves PNG, SVG and PDF; the
// digest of a private chart cannot be computed without the key, so nobody can guess its address from its data.
import canonicalize from 'canonicalize';
import type { Candle } from './candle-series.ts';
import { isPrivateChart, type ResolvedChart } from './resolved-chart.ts';

/** Raised with every change that moves a pixel: old pictures keep their address, new ones get another. */
export const RENDERER_VERSION = 2;

/** Market charts are public; the digest of a private chart is keyed with at least 32 bytes. */
export type DigestPrivacy =
  | { visibility: 'public' }
  | { visibility: 'private'; key: Uint8Array<ArrayBuffer> };

const MIN_KEY_BYTES = 32;

function row({ timeMs, open, high, low, close, volume }: Candle): (number | null)[] {
  return [timeMs, open, high, low, close, volume ?? null];
}

function compact(chart: ResolvedChart): object {
  if (chart.kind === 'equity') {
    return { ...chart, points: chart.points.map(({ timeMs, equity, flow }) => [timeMs, equity, flow]) };
  }
  return chart.kind === 'histogram' ? chart : { ...chart, candles: chart.candles.map(row) };
}

/** The text that is hashed: renderer version, spec and data in RFC 8785 form; a candle is one row of numbers. */
export function canonicalChart(chart: ResolvedChart): string {
  const text = canonicalize({ renderer_version: RENDERER_VERSION, chart: compact(chart) });
  if (text === undefined) throw new Error('a resolved chart is always JSON');
  return text;
}

function hex(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * 64 lower-case hex digits: SHA-256 of the canonical chart, or HMAC-SHA256 of it for a private one. Throws when a
 * private chart is to be named without a key: that would put a guessable address on somebody's trade.
 */
export async function chartDigest(chart: ResolvedChart, privacy: DigestPrivacy): Promise<string> {
  const text = new TextEncoder().encode(canonicalChart(chart));
  if (privacy.visibility === 'public') {
    if (isPrivateChart(chart)) throw new Error('a private chart needs a keyed digest');
    return hex(await crypto.subtle.digest('SHA-256', text));
  }
  if (privacy.key.length < MIN_KEY_BYTES) throw new Error(`the digest key needs ${MIN_KEY_BYTES} bytes`);
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', privacy.key, algorithm, false, ['sign']);
  return hex(await crypto.subtle.sign('HMAC', key, text));
}
