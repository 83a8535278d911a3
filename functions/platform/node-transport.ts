/**
 * Outbound calls by Node's own client, for Lambda, which lets us judge the address that is connected to: the name is
 * resolved in our hook, and the connection is made to what we have judged, so that a name which changes its mind
 * between the two gains nothing. 127.0.0.1:9001, where Lambda's own control interface listens, is loopback like any
 * other. A connection serves one call: a frozen function keeps none alive, and a new one is judged anew.
 */
import { lookup as systemLookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { NotSent, type Transport } from './outbound.ts';
import { isPublicAddress } from './public-address.ts';

/** To look the name up, connect and agree on keys. */
export const CONNECT_MS = 5_000;

/** A look-up hook that hands on public addresses alone; one that is not public refuses the whole name. */
export const publicLookup =
  (resolve: LookupFunction): LookupFunction =>
  (name, options, done) =>
    resolve(name, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, []);
      const all = Array.isArray(found) ? found : [];
      const [first] = all;
      if (first === undefined || !all.every((a) => isPublicAddress(a.address)))
        return done(new NotSent(first === undefined ? 'unreachable' : 'blocked'), []);
      return options.all ? done(null, all) : done(null, first.address, first.family);
    });

/** The transport; `local` only in the embedded stack. `resolve` is the system's own unless a test plays it. */
export function nodeTransport(options: {
  local: boolean;
  resolve?: LookupFunction;
  connectMs?: number;
}): Transport {
  const { local, resolve = systemLookup as LookupFunction, connectMs = CONNECT_MS } = options;
  const hook = local ? {} : { lookup: publicLookup(resolve) };
  return ({ url, headers, body, signal }) =>
    new Promise((take, fail) => {
      const secure = new URL(url).protocol === 'https:';
      let sending = false;
      const call = (secure ? httpsRequest : httpRequest)(url, {
        ...{ method: 'POST', agent: false, signal, ...hook },
        headers: {
          'user-agent': 'countersign',
          'accept-encoding': 'gzip, deflate, br',
          ...headers,
          'content-length': new TextEncoder().encode(body).byteLength,
        },
      });
      const slow = setTimeout(() => call.destroy(new NotSent('timeout')), connectMs);
      call.once('socket', (socket) =>
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          sending = true;
          clearTimeout(slow);
        }),
      );
      call.once('close', () => {
        clearTimeout(slow);
        // Whatever else ends a call without a reply: nothing may wait for one any more.
        fail(sending ? new Error('closed without a reply') : notSent(signal));
      });
      call.on('error', (e) => fail(sending || e instanceof NotSent ? e : notSent(signal)));
      // Another protocol was never asked for, and Node leaves such a connection to whoever listens here.
      call.once('upgrade', (_reply, socket) => {
        socket.destroy();
        fail(new Error('the other side changed the protocol'));
      });
      call.once('response', (reply) => take(replyOf(reply)));
      call.end(body);
    });
}

const notSent = (signal: AbortSignal): NotSent => new NotSent(signal.aborted ? 'timeout' : 'unreachable');

function replyOf(reply: IncomingMessage) {
  const headers = new Headers();
  for (const [name, values] of Object.entries(reply.headersDistinct))
    for (const value of values ?? []) headers.append(name, value);
  return { status: reply.statusCode ?? 0, headers, body: decoded(reply) };
}

/** The body as it was before its coding. Unpacked while it is read, so that a small reply cannot become a large one. */
function decoded(reply: IncomingMessage): Readable {
  const coding = reply.headers['content-encoding']?.trim().toLowerCase();
  const unpack =
    coding === 'gzip' || coding === 'x-gzip'
      ? createGunzip()
      : coding === 'deflate'
        ? createInflate()
        : coding === 'br'
          ? createBrotliDecompress()
          : null;
  if (unpack === null) return reply;
  reply.on('error', (e) => unpack.destroy(e));
  unpack.on('close', () => reply.destroy());
  return reply.pipe(unpack);
}
