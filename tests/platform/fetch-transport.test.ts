import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { dnsOverHttps, fetchTransport, type Lookup } from '../../functions/platform/fetch-transport.ts';
import { createOutbound } from '../../functions/platform/outbound.ts';
import { type LoopbackServer, listenLoopback } from '../../infra/local/listen-loopback.ts';

const servers: LoopbackServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((s) => s.stop()));
});

type Zone = Record<string, { status?: number; A?: object[]; AAAA?: object[] }>;

/** A resolver of DNS over HTTPS that knows these names; `asked` are the questions it was asked. */
async function resolver(zone: Zone): Promise<{ lookup: Lookup; asked: string[] }> {
  const asked: string[] = [];
  const server = await listenLoopback(
    createServer((req, res) => {
      const query = new URL(req.url ?? '/', 'http://x').searchParams;
      asked.push(`${query.get('name')} ${query.get('type')} ${req.headers.accept}`);
      const found = zone[query.get('name') ?? ''];
      const Answer = found?.[query.get('type') as 'A' | 'AAAA'];
      res.end(JSON.stringify({ Status: found ? (found.status ?? 0) : 3, ...(Answer ? { Answer } : {}) }));
    }),
    0,
  );
  servers.push(server);
  return { lookup: dnsOverHttps(`${server.url}/dns-query`), asked };
}

const ask = (name: string, lookup: Lookup) =>
  createOutbound({ local: false, transport: fetchTransport(lookup) })({
    ...{ url: `https://${name}/hook`, headers: {}, body: '{}', timeoutMs: 3_000, maxBytes: 1000 },
  });
const failed = (word: string) => ({ kind: 'failed', effect: 'none', word });

describe('before a call from a Worker the name is looked up', () => {
  it('by both kinds of address, and refused for one that is not public', async () => {
    const { lookup, asked } = await resolver({
      'v4.example.com': { A: [{ type: 1, data: '169.254.169.254' }] },
      'v6.example.com': { AAAA: [{ type: 28, data: '::ffff:10.0.0.1' }] },
      'mixed.example.com': { A: [{ type: 1, data: '8.8.8.8' }], AAAA: [{ type: 28, data: 'fd00::1' }] },
      'alias.example.com': {
        A: [
          { type: 5, data: 'inner.example.com.' },
          { type: 1, data: '10.0.0.1' },
        ],
      },
    });
    for (const name of ['v4', 'v6', 'mixed', 'alias'])
      expect(await ask(`${name}.example.com`, lookup), name).toEqual(failed('blocked'));
    expect(asked.filter((q) => q.startsWith('v4.'))).toEqual(
      expect.arrayContaining([
        'v4.example.com A application/dns-json',
        'v4.example.com AAAA application/dns-json',
      ]),
    );
  });

  it('and not called where it has no address, does not resolve, or nobody can be asked', async () => {
    const { lookup } = await resolver({
      'alias.example.com': { A: [{ type: 5, data: 'inner.example.com.' }] },
      'broken.example.com': { status: 2, A: [{ type: 1, data: '8.8.8.8' }] },
    });
    expect(await ask('alias.example.com', lookup)).toEqual(failed('unreachable'));
    expect(await ask('broken.example.com', lookup)).toEqual(failed('unreachable'));
    expect(await ask('nobody.example.com', lookup)).toEqual(failed('unreachable'));
    expect(await ask('any.example.com', dnsOverHttps('http://127.0.0.1:9/'))).toEqual(failed('unreachable'));
  });

  it('within the call’s own time', async () => {
    const never = (_name: string, signal: AbortSignal) =>
      new Promise<string[]>((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)));
    const outbound = createOutbound({ local: false, transport: fetchTransport(never) });
    const request = { url: 'https://a.example.com/', headers: {}, body: '', timeoutMs: 50, maxBytes: 1 };
    expect(await outbound(request)).toEqual(failed('timeout'));
  });

  it('and called, redirects left alone, where every address is public', async () => {
    const { lookup } = await resolver({ 'ok.example.com': { A: [{ type: 1, data: '8.8.8.8' }] } });
    expect(await lookup('ok.example.com', AbortSignal.timeout(2_000))).toEqual(['8.8.8.8']);
    let calls = 0;
    const server = await listenLoopback(
      createServer((_req, res) => {
        calls += 1;
        res.writeHead(302, { location: '/elsewhere' }).end();
      }),
      0,
    );
    servers.push(server);
    const call = fetchTransport(async () => ['8.8.8.8']);
    const signal = AbortSignal.timeout(2_000);
    expect((await call({ url: server.url, headers: {}, body: '', signal })).status).toBe(302);
    expect(calls).toBe(1);
  });
});
