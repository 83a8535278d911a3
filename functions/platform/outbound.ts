/**
 * Calls to addresses that somebody gave us: the only place in `functions/` where such a call is made. Redirects are
 * not followed, the time is bounded, and the reply is cut at a size, so that a hostile address costs little and
 * learns nothing. In a cloud deployment the address must be https to a public name (see `addressFault`).
 */
import type { Clock } from './clock.ts';
import { isLoopback } from './config.ts';
import { joinBytes } from './read-body.ts';

export type OutboundRequest = {
  url: string;
  headers: Record<string, string>;
  body: string;
  timeoutMs: number;
  maxBytes: number;
};
/** `effect`: whether the other side may have acted. `unknown` must never be sent again blindly. */
export type OutboundReply =
  | { kind: 'reply'; status: number; headers: Headers; body: Uint8Array<ArrayBuffer> }
  | { kind: 'failed'; effect: 'none' | 'unknown'; word: 'blocked' | 'unreachable' | 'timeout' | 'too-large' };
export type Outbound = (request: OutboundRequest) => Promise<OutboundReply>;

const IP_LITERAL = /^(\[.*\]|\d{1,3}(\.\d{1,3}){3})$/;

/**
 * Why an address may not be called; null where it may. `local` is true only in the embedded stack, whose own
 * addresses are loopback; everywhere else loopback and every IP literal are refused.
 */
export function addressFault(text: string, local: boolean): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'is not an address';
  }
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password';
  if (url.hash !== '') return 'must not carry a fragment';
  if (local && isLoopback(text)) return null;
  if (url.protocol !== 'https:') return 'must be https';
  if (IP_LITERAL.test(url.hostname)) return 'must be a name, not an IP address';
  // A final dot names the same host: `localhost.` must not pass for a name with a dot in it.
  const name = url.hostname.replace(/\.+$/, '');
  if (isLoopback(text) || !name.includes('.') || /\.(local|internal|localhost)$/.test(name))
    return 'must be a public name';
  return null;
}

/** The outbound caller of a deployment. */
export function createOutbound(options: { local: boolean; clock: Clock }): Outbound {
  return async (request) => {
    if (addressFault(request.url, options.local) !== null)
      return { kind: 'failed', effect: 'none', word: 'blocked' };
    const startedMs = options.clock.nowMs();
    try {
      const reply = await fetch(request.url, {
        method: 'POST',
        headers: request.headers,
        body: request.body,
        redirect: 'manual',
        signal: AbortSignal.timeout(request.timeoutMs),
      });
      const body = await readUpTo(reply, request.maxBytes);
      if (body === null) return { kind: 'failed', effect: 'unknown', word: 'too-large' };
      return { kind: 'reply', status: reply.status, headers: reply.headers, body };
    } catch (e) {
      const timedOut =
        (e instanceof Error && e.name === 'TimeoutError') ||
        options.clock.nowMs() - startedMs >= request.timeoutMs;
      return { kind: 'failed', effect: 'unknown', word: timedOut ? 'timeout' : 'unreachable' };
    }
  };
}

async function readUpTo(reply: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
  if (reply.body === null) return new Uint8Array();
  const reader: ReadableStreamDefaultReader<Uint8Array> = reply.body.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel();
      return null;
    }
    parts.push(value);
  }
  return joinBytes(parts);
}
