/**
 * How long to wait before trying again. Exponential with full jitter (Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015): many callers that failed together do not come back together. Pure.
 */

export const FIRST_PAUSE_MS = 1_000;
export const LONGEST_PAUSE_MS = 32_000;

/** Milliseconds before attempt `failures + 1`, of at least one failure; `unit` is random in [0, 1). */
export function backoffMs(failures: number, unit: number): number {
  const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 30));
  return Math.floor(unit * most);
}

/** A number in [0, 1) of four random bytes. */
export const randomUnit = (bytes: Uint8Array<ArrayBuffer>): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32;

/**
 * Milliseconds that a `Retry-After` asks to wait (RFC 9110 section 10.2.3: seconds, or one of the three forms of an HTTP
 * date), at most `mostMs`; null where there is none or it cannot be read.
 */
export function retryAfterMs(header: string | null, nowMs: number, mostMs: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text) * 1000, mostMs);
  if (!/^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/.test(text)) return null;
  // The form of asctime names no zone and means UTC.
  const atMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(atMs) ? null : Math.min(Math.max(0, atMs - nowMs), mostMs);
}
