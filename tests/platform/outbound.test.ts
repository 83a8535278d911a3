import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { fetchTransport } from '../../functions/platform/fetch-transport.ts';
import { nodeTransport } from '../../functions/platform/node-transport.ts';
import {
  addressFault,
  createOutbound,
  NotSent,
  type Outbound,
  type OutboundRequest,
  type Transport,
} from '../../functions/platform/outbound.ts';
import { type LoopbackServer, listenLoopback } from '../../infra/local/listen-loopback.ts';

const servers: LoopbackServer[] = [];

/** A server on a free port of 127.0.0.1, stopped after the test. */
async function serve(listener: RequestListener): Promise<string> {
  const server = await listenLoopback(createServer(listener), 0);
  servers.push(server);
  return `${server.url}/bridge?x=1`;
}
const request = (url: string, more: Partial<OutboundRequest> = {}): OutboundRequest => ({
  url,
  headers: { 'x-test': 'yes' },
  body: '{"a":1}',
  timeoutMs: 20_000,
  maxBytes: 1000,
  ...more,
});
const over = (local: boolean) => ({
  Workers: createOutbound({ local, transport: fetchTransport(null) }),
  Lambda: createOutbound({ local, transport: nodeTransport({ local }) }),
});
const RUNTIMES: [string, Outbound, Outbound][] = (['Workers', 'Lambda'] as const).map((name) => [
  name,
  over(true)[name],
  over(false)[name],
]);

afterEach(async () => {
  await Promise.all(servers.splice(0).map((s) => s.stop()));
});

describe('an address', () => {
  it.each([
    'https://bridge.example.com/hook',
    'https://bridge.example.com:8443/',
    'https://xn--bcher-kva.example/',
  ])('%s may be called from a cloud deployment', (url) => {
    expect(addressFault(url, false)).toBeNull();
  });

  it.each([
    ['', 'is not an address'],
    ['bridge.example.com', 'is not an address'],
    ['http://bridge.example.com/', 'must be https'],
    ['ftp://bridge.example.com/', 'must be https'],
    ['file:///etc/passwd', 'must be https'],
    ['https://user@bridge.example.com/', 'must not carry a user name or password'],
    ['https://:pw@bridge.example.com/', 'must not carry a user name or password'],
    ['https://bridge.example.com/#x', 'must not carry a fragment'],
    ['https://10.0.0.1/', 'must be a name, not an IP address'],
    ['https://169.254.169.254/latest/meta-data', 'must be a name, not an IP address'],
    ['https://127.0.0.1/', 'must be a name, not an IP address'],
    ['https://127.0.0.1./', 'must be a name, not an IP address'],
    ['https://2130706433/', 'must be a name, not an IP address'],
    ['https://0x7f.1/', 'must be a name, not an IP address'],
    ['https://0/', 'must be a name, not an IP address'],
    ['https://[::1]/', 'must be a name, not an IP address'],
    ['https://[::ffff:10.0.0.1]/', 'must be a name, not an IP address'],
    ['https://localhost/', 'must be a public name'],
    ['https://localhost./', 'must be a public name'],
    ['https://LOCALHOST/', 'must be a public name'],
    ['https://bridge/', 'must be a public name'],
    ['https://bridge./', 'must be a public name'],
    ['https://printer.local/', 'must be a public name'],
    ['https://metadata.google.internal/', 'must be a public name'],
    ['https://metadata.google.internal./', 'must be a public name'],
    ['https://x.localhost/', 'must be a public name'],
    ['https://nas.home.arpa/', 'must be a public name'],
  ])('%j %s', (url, fault) => {
    expect(addressFault(url, false)).toBe(fault);
  });

  it('of this machine may be called by the embedded stack alone, and then still without a password', () => {
    for (const url of ['http://127.0.0.1:9000/', 'http://localhost:9000/', 'http://[::1]:9000/']) {
      expect(addressFault(url, true)).toBeNull();
      expect(addressFault(url, false)).not.toBeNull();
    }
    expect(addressFault('http://user:pw@127.0.0.1/', true)).not.toBeNull();
    expect(addressFault('http://10.0.0.1/', true), 'only loopback is local').not.toBeNull();
    expect(addressFault('ftp://127.0.0.1/', true)).not.toBeNull();
  });
});

/** A server that answers with what no HTTP library would; its connections end with the test. */
async function serveRaw(answer: (socket: Socket) => void): Promise<string> {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).once('data', () => answer(socket));
  });
  const port = await new Promise<number>((done) => {
    server.listen(0, '127.0.0.1', () => {
      const at = server.address();
      done(typeof at === 'object' && at !== null ? at.port : 0);
    });
  });
  servers.push({
    ...{ url: '', port },
    stop: async () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  });
  return `http://127.0.0.1:${port}/`;
}

describe.each(RUNTIMES)('a call on %s', (runtime, local, cloud) => {
  it('sends exactly what it was given and hands back the reply as bytes', async () => {
    const seen: string[] = [];
    const url = await serve(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      seen.push(`${req.method} ${req.url} ${req.headers['x-test']} ${Buffer.concat(chunks)}`);
      res.writeHead(418, { 'x-reply': 'r' }).end('body');
    });
    const reply = await local(request(url));
    expect(seen).toEqual(['POST /bridge?x=1 yes {"a":1}']);
    expect(reply).toMatchObject({ kind: 'reply', status: 418, body: new TextEncoder().encode('body') });
    expect(reply.kind === 'reply' && reply.headers.get('x-reply')).toBe('r');
  });

  it('to an address that may not be called is not made: surely nothing happened', async () => {
    let calls = 0;
    const url = await serve((_req, res) => {
      calls += 1;
      res.end();
    });
    expect(await cloud(request(url))).toEqual({ kind: 'failed', effect: 'none', word: 'blocked' });
    expect(calls).toBe(0);
  });

  it('does not follow a redirect, wherever it points', async () => {
    let calls = 0;
    const url = await serve((_req, res) => {
      calls += 1;
      res.writeHead(307, { location: '/elsewhere' }).end();
    });
    expect(await local(request(url))).toMatchObject({ kind: 'reply', status: 307 });
    expect(calls).toBe(1);
  });

  it('takes a reply of the limit and refuses one byte more, chunked or not', async () => {
    for (const chunked of [true, false]) {
      const sized = (size: number) =>
        serve((_req, res) => {
          if (!chunked) res.setHeader('content-length', size);
          res.write(Buffer.alloc(size - 1));
          res.end(Buffer.alloc(1));
        });
      expect(await local(request(await sized(1000)))).toMatchObject({
        kind: 'reply',
        body: { length: 1000 },
      });
      expect(await local(request(await sized(1001)))).toEqual({
        kind: 'failed',
        effect: 'unknown',
        word: 'too-large',
      });
    }
  });

  it('that is never answered ends as a timeout whose effect is unknown', async () => {
    const url = await serve(() => {});
    expect(await local(request(url, { timeoutMs: 2_000 }))).toEqual({
      kind: 'failed',
      effect: 'unknown',
      word: 'timeout',
    });
  });

  it('whose reply stops in the middle ends as a timeout too', async () => {
    const url = await serve((_req, res) => {
      res.writeHead(200, { 'content-length': '10' });
      res.write('half');
    });
    expect(await local(request(url, { timeoutMs: 2_000 }))).toMatchObject({
      effect: 'unknown',
      word: 'timeout',
    });
  });

  it('that is cut off, or refused, ends as unreachable', async () => {
    const cut = await serve((req) => req.socket.destroy());
    expect(await local(request(cut))).toEqual({ kind: 'failed', effect: 'unknown', word: 'unreachable' });
    const gone = await serve(() => {});
    await servers.pop()?.stop();
    // Only Node tells that nothing was sent.
    const effect = runtime === 'Lambda' ? 'none' : 'unknown';
    expect(await local(request(gone))).toEqual({ kind: 'failed', effect, word: 'unreachable' });
  });

  it('counts what comes out of a packed reply, not what came over the wire', async () => {
    const packed = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };
    for (const [coding, pack] of Object.entries(packed)) {
      const holding = (size: number) =>
        serve((_req, res) => res.setHeader('content-encoding', coding).end(pack(Buffer.alloc(size))));
      expect(await local(request(await holding(1000))), coding).toMatchObject({ body: { length: 1000 } });
      expect(await local(request(await holding(50_000_000))), coding).toEqual({
        kind: 'failed',
        effect: 'unknown',
        word: 'too-large',
      });
    }
  });

  it('may ask for no more than 4 MiB, whatever it asks for', async () => {
    const url = await serve((_req, res) => res.end(Buffer.alloc(4 * 1024 * 1024 + 1)));
    expect(await local(request(url, { maxBytes: 1e9 }))).toMatchObject({ word: 'too-large' });
  });

  it('whose packed reply is damaged ends as unreachable', async () => {
    const url = await serve((_req, res) => res.setHeader('content-encoding', 'gzip').end('no gzip'));
    expect(await local(request(url))).toEqual({ kind: 'failed', effect: 'unknown', word: 'unreachable' });
  });

  it('that is answered with another protocol, or with nothing but interim answers, ends all the same', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
    let gone: Promise<unknown> = Promise.resolve();
    const changed = await serveRaw((socket) => {
      gone = new Promise((done) => socket.once('close', done));
      socket.write(upgrade);
    });
    const unreachable = { kind: 'failed', effect: 'unknown', word: 'unreachable' };
    expect(await local(request(changed))).toEqual(unreachable);
    await gone;
    const interim = await serveRaw((socket) => void socket.write('HTTP/1.1 100 Continue\r\n\r\n'));
    const ended = await local(request(interim, { timeoutMs: 2_000 }));
    expect(ended).toMatchObject({ kind: 'failed', effect: 'unknown' });
  });
});

describe('a transport that heeds no signal', () => {
  const never = new Promise<never>(() => {});
  const over = (transport: Transport) =>
    createOutbound({ local: true, transport })(request('http://127.0.0.1:9/', { timeoutMs: 20 }));
  const TIMEOUT = { kind: 'failed', effect: 'unknown', word: 'timeout' };

  it('holds up nobody, neither with its reply nor with a body', async () => {
    expect(await over(() => never)).toEqual(TIMEOUT);
    const body = { [Symbol.asyncIterator]: () => ({ next: () => never }) };
    expect(await over(async () => ({ status: 200, headers: new Headers(), body }))).toEqual(TIMEOUT);
  });

  it('and one that does still says whether anything was sent', async () => {
    const heeds: Transport = ({ signal }) =>
      new Promise((_, fail) =>
        signal.addEventListener('abort', () => setTimeout(fail, 1, new NotSent('timeout'))),
      );
    expect(await over(heeds)).toEqual({ ...TIMEOUT, effect: 'none' });
  });
});
