import { Agent, request } from 'node:http';
import { type Ask, DEFAULT_ADDRESS } from './runtime.ts';

/** Requests at once, each on a connection of its own. */
export const CONNECTIONS = 16;
/**
 * How long a connection waits for its next request. workerd ends one after 15 s, and a request that is sent at that moment is
 * never answered: of a burst's connections those that nobody needed since would meet it. So ours is the first end.
 */
const IDLE_MS = 5_000;

/**
 * Sends asks over real sockets to one server. `addressHeader` is the header in which that server's cloud states the
 * caller's address. Nothing is retried, decoded or normalised, as fetch would.
 */
export function httpCaller(baseUrl: string, addressHeader: string): (ask: Ask) => Promise<Response> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: IDLE_MS });
  const { hostname, port } = new URL(baseUrl);
  return (ask) =>
    new Promise((resolve, reject) => {
      const bytes = ask.body === undefined ? null : Buffer.from(ask.body);
      const sent = request(
        {
          agent,
          hostname,
          port,
          method: ask.method ?? 'GET',
          path: ask.target,
          headers: {
            ...ask.headers,
            [addressHeader]: ask.address ?? DEFAULT_ADDRESS,
            ...(bytes === null || ask.chunked ? {} : { 'content-length': String(bytes.byteLength) }),
            ...(bytes !== null && ask.chunked ? { 'transfer-encoding': 'chunked' } : {}),
          },
        },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.once('error', reject);
          answer.once('end', () => {
            const headers = new Headers();
            for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2)
              headers.append(answer.rawHeaders[i] ?? '', answer.rawHeaders[i + 1] ?? '');
            const status = answer.statusCode ?? 0;
            const empty = status === 204 || status === 304;
            resolve(new Response(empty ? null : Buffer.concat(parts), { status, headers }));
          });
        },
      );
      sent.once('error', reject);
      if (bytes !== null) sent.write(bytes);
      sent.end();
    });
}
