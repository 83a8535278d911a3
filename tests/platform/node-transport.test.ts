import { createServer } from 'node:http';
import type { LookupFunction } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeTransport, publicLookup } from '../../functions/platform/node-transport.ts';
import { createOutbound, NotSent } from '../../functions/platform/outbound.ts';
import { type LoopbackServer, listenLoopback } from '../../infra/local/listen-loopback.ts';

const servers: LoopbackServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((s) => s.stop()));
});

/** A resolver for whom every name has these addresses; counts what it is asked. */
function resolver(...addresses: string[]): { resolve: LookupFunction; asked: string[] } {
  const asked: string[] = [];
  const resolve: LookupFunction = (name, _options, done) => {
    asked.push(name);
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { resolve, asked };
}

const ask = (url: string, resolve: LookupFunction, connectMs = 2_000) =>
  createOutbound({ local: false, transport: nodeTransport({ local: false, resolve, connectMs }) })({
    ...{ url, headers: {}, body: '{}', timeoutMs: 5_000, maxBytes: 1000 },
  });
const BLOCKED = { kind: 'failed', effect: 'none', word: 'blocked' };

describe('a public name', () => {
  it.each([
    ['127.0.0.1'],
    ['169.254.169.254'],
    ['10.0.0.7'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['fd00:ec2::254'],
    ['64:ff9b::7f00:1'],
    ['8.8.8.8', '127.0.0.1'],
    ['2606:4700::1', '192.168.1.1'],
  ])('that stands for %s %s is refused when it is connected to', async (...addresses) => {
    const { resolve, asked } = resolver(...addresses.filter((a) => a !== undefined));
    expect(await ask('https://bridge.example.com/hook', resolve)).toEqual(BLOCKED);
    expect(asked).toEqual(['bridge.example.com']);
  });

  it('of Lambda’s own control interface, 127.0.0.1:9001, is refused though something listens there', async () => {
    let calls = 0;
    const server = createTcpServer(() => {
      calls += 1;
    });
    const port = await new Promise<number>((done) => {
      server.listen(0, '127.0.0.1', () => {
        const at = server.address();
        done(typeof at === 'object' && at !== null ? at.port : 0);
      });
    });
    try {
      for (const at of [9001, port])
        expect(await ask(`https://runtime.example.com:${at}/`, resolver('127.0.0.1').resolve)).toEqual(
          BLOCKED,
        );
      expect(calls).toBe(0);
    } finally {
      server.close();
    }
  });

  it('that has no address, or cannot be resolved, ends as unreachable with nothing sent', async () => {
    const unreachable = { kind: 'failed', effect: 'none', word: 'unreachable' };
    expect(await ask('https://bridge.example.com/', resolver().resolve)).toEqual(unreachable);
    const gone: LookupFunction = (_name, _options, done) => done(new Error('ENOTFOUND'), []);
    expect(await ask('https://bridge.example.com/', gone)).toEqual(unreachable);
  });

  it('that is never resolved or connected to ends as a timeout with nothing sent', async () => {
    const silent: LookupFunction = () => {};
    expect(await ask('https://bridge.example.com/', silent, 50)).toEqual({
      kind: 'failed',
      effect: 'none',
      word: 'timeout',
    });
  });
});

describe('the look-up hook', () => {
  const look = (addresses: string[], all: boolean) =>
    new Promise((done) => {
      publicLookup(resolver(...addresses).resolve)('bridge.example.com', { all }, (e, found, family) =>
        done({ error: e, found, family }),
      );
    });

  it('hands on what it has judged, as one or as many, however Node asks', async () => {
    expect(await look(['8.8.8.8', '2606:4700::1'], false)).toEqual({
      error: null,
      found: '8.8.8.8',
      family: 4,
    });
    expect(await look(['8.8.8.8', '2606:4700::1'], true)).toMatchObject({
      error: null,
      found: [
        { address: '8.8.8.8', family: 4 },
        { address: '2606:4700::1', family: 6 },
      ],
    });
  });

  it('refuses the name for one address that is not public', async () => {
    expect(await look(['8.8.8.8', '10.0.0.1'], false)).toMatchObject({ error: new NotSent('blocked') });
    expect(await look(['8.8.8.8', '10.0.0.1'], true)).toMatchObject({ error: new NotSent('blocked') });
  });
});

it('in the embedded stack alone, and only by its own address, loopback is called', async () => {
  const server = await listenLoopback(
    createServer((_req, res) => res.end('here')),
    0,
  );
  servers.push(server);
  const request = { url: server.url, headers: {}, body: '{}', timeoutMs: 5_000, maxBytes: 1000 };
  const over = (local: boolean) => createOutbound({ local, transport: nodeTransport({ local }) });
  expect(await over(true)(request)).toMatchObject({ kind: 'reply', status: 200 });
  expect(await over(false)(request)).toEqual(BLOCKED);
});
