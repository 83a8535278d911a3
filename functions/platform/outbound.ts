/**
 * Calls to addresses that somebody gave us: the only place in `functions/` where such a call is made. Redirects are
 * not followed, the time is bounded whatever a transport makes of its signal, and the reply is cut at a size, so that a hostile address costs little and learns
 * nothing; of a reply's body nobody but its own protocol's reader sees anything. In a cloud deployment the address must
 * be https to a public name (`addressFault`), and what the name stands for must be public too; that is the
 * transport's part, because only Lambda lets us see the address that is really connected to (`node-transport.ts`).
 * On Workers (`fetch-transport.ts`) the name is looked up before the call, and the runtime looks it up once more: a
 * name that answers differently the second time (rebinding) passes our check. What it may reach there is no network of
 * ours: a Worker has no loopback, no metadata address and no private network, and its `fetch` refuses private addresses.
 */
import { isLoopback } from './config.ts';
import { joinBytes } from './read-body.ts';

/** From the first look-up to the last byte, whatever the caller asks for. */
export const TOTAL_MS = 10_000;
/** A transport that heeds its signal has so long to say what became of the call; one that does not is left alone. */
const HEED_MS = 250;
/** Decompressed. */
export const MAX_REPLY_BYTES = 4 * 1024 * 1024;

/** All that a user may learn of a call to the address that he gave. `refused`: an answer other than the one asked for. */
export type OutboundWord = 'blocked' | 'unreachable' | 'timeout' | 'too-large' | 'refused';
export type OutboundRequest = {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** At most `TOTAL_MS` counts. */
  timeoutMs: number;
  /** At most `MAX_REPLY_BYTES` counts. */
  maxBytes: number;
};
/** `effect`: whether the other side may have acted. `unknown` must never be sent again blindly. */
export type OutboundReply =
  | { kind: 'reply'; status: number; headers: Headers; body: Uint8Array<ArrayBuffer> }
  | { kind: 'failed'; effect: 'none' | 'unknown'; word: Exclude<OutboundWord, 'refused'> };
export type Outbound = (request: OutboundRequest) => Promise<OutboundReply>;

/** One POST as a runtime makes it. Throws `NotSent` where surely nothing reached the other side. */
export type Transport = (request: {
  url: string;
  headers: Record<string, string>;
  body: string;
  signal: AbortSignal;
}) => Promise<{ status: number; headers: Headers; body: AsyncIterable<Uint8Array> | null }>;

/** A call that ended before a byte of it was sent. */
export class NotSent extends Error {
  readonly word: 'blocked' | 'unreachable' | 'timeout';

  constructor(word: NotSent['word']) {
    super(`not sent: ${word}`);
    this.name = 'NotSent';
    this.word = word;
  }
}

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
  if (local && isLoopback(text) && /^https?:$/.test(url.protocol)) return null;
  if (url.protocol !== 'https:') return 'must be https';
  if (IP_LITERAL.test(url.hostname)) return 'must be a name, not an IP address';
  // A final dot names the same host: `localhost.` must not pass for a name with a dot in it.
  const name = url.hostname.replace(/\.+$/, '');
  if (isLoopback(text) || !name.includes('.') || /\.(local|internal|localhost|arpa)$/.test(name))
    return 'must be a public name';
  return null;
}

/** The outbound caller of a deployment. */
export function createOutbound(options: { local: boolean; transport: Transport }): Outbound {
  return async (request) => {
    const { url, headers, body } = request;
    if (addressFault(url, options.local) !== null) return { kind: 'failed', effect: 'none', word: 'blocked' };
    const timeoutMs = Math.min(request.timeoutMs, TOTAL_MS);
    const signal = AbortSignal.timeout(timeoutMs);
    const last = AbortSignal.timeout(timeoutMs + HEED_MS);
    try {
      const reply = await until(last, options.transport({ url, headers, body, signal }));
      const bytes = await until(last, readUpTo(reply.body, Math.min(request.maxBytes, MAX_REPLY_BYTES)));
      if (bytes === null) return { kind: 'failed', effect: 'unknown', word: 'too-large' };
      return { kind: 'reply', status: reply.status, headers: reply.headers, body: bytes };
    } catch (e) {
      if (e instanceof NotSent) return { kind: 'failed', effect: 'none', word: e.word };
      return { kind: 'failed', effect: 'unknown', word: signal.aborted ? 'timeout' : 'unreachable' };
    }
  };
}

/** What the work gives, or a throw when the signal comes first: nobody waits for work that heeds no signal. */
function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((take, fail) => {
    const ended = () => fail(signal.reason);
    if (signal.aborted) ended();
    signal.addEventListener('abort', ended, { once: true });
    work.then(take, fail).finally(() => signal.removeEventListener('abort', ended));
  });
}

/** The whole body; null where it is longer. Leaving the loop early ends the stream. */
async function readUpTo(
  body: AsyncIterable<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.byteLength;
    if (size > maxBytes) return null;
    parts.push(part);
  }
  return joinBytes(parts);
}
