// The simulated broker's polling bridge against a cloud that this test plays, signatures made with node:crypto alone.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BrokerHost } from '../../../../infra/local/broker/broker-host.ts';
import { BrokerPoller, type Send } from '../../../../infra/local/broker/broker-poller.ts';
import { listen } from '../../../../infra/local/broker/broker-server.ts';
import { answerControl } from '../../../../infra/local/broker/control-server.ts';
import { BRIDGE_ID, control, macOf, openCommand, SECRET } from './bridge-caller.ts';

const LOGIN = '1001';
const PATH = '/bridge/v1/sync';
const hash = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');

/** What the cloud answers next, and what it heard. `skewMs`: how far its clock is ahead of the bridge's. */
type Cloud = {
  heard: { snapshot: unknown; replies: { kind: string; result?: { outcome: string } }[]; sent_at: string }[];
  requests: object[];
  /** What it says to the guard with each answer. */
  guard?: object;
  nextMs: number;
  status: number;
  skewMs: number;
  direction: string;
  tamper: (body: string) => string;
};
let cloud: Cloud;
let host: BrokerHost;
const stops: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  cloud = {
    heard: [],
    requests: [],
    nextMs: 30,
    status: 200,
    skewMs: 0,
    direction: 'to-bridge',
    tamper: (b) => b,
  };
  host = new BrokerHost({ dir: null, seed: 7, realNowMs: Date.now });
  const terms = { server: 'Sim-Demo', currency: 'USD', margin_mode: 'hedging', balance: '10000' };
  expect(answerControl(host, 'POST /accounts', { login: LOGIN, ...terms }).status).toBe(200);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  host.close();
});

type Said = { status: number; headers: Record<string, string>; text: string };
const answer = (headers: Record<string, string>, body: Buffer): Said => {
  const nowMs = Date.now() + cloud.skewMs;
  const { 'x-timestamp': at = '', 'x-nonce': nonce = '', 'x-bridge-id': id = '' } = headers;
  const own = macOf(SECRET, 'from-bridge', ['v1', 'POST', PATH, at, nonce, id, hash(body)]);
  if (own !== headers['x-signature'] || Math.abs(nowMs / 1000 - Number(at)) > 300)
    return { status: 401, headers: {}, text: JSON.stringify({ server_time: Math.floor(nowMs / 1000) }) };
  cloud.heard.push(JSON.parse(body.toString()));
  const text = JSON.stringify({
    ...{
      v: 1,
      kind: 'sync',
      server_time: new Date(nowMs).toISOString(),
      next_sync_ms: cloud.nextMs,
      deals_from: null,
    },
    ...(cloud.guard && { guard: cloud.guard }),
    requests: cloud.requests.splice(0),
  });
  const timestamp = String(Math.floor(nowMs / 1000));
  const lines = ['v1-reply', String(cloud.status), nonce, hash(body), timestamp, hash(text)];
  const signature = macOf(SECRET, cloud.direction, lines);
  return {
    status: cloud.status,
    headers: { 'x-timestamp': timestamp, 'x-signature': signature },
    text: cloud.tamper(text),
  };
};
const send: Send = async ({ headers, body }) => {
  const said = answer(headers, body);
  return { status: said.status, headers: new Headers(said.headers), body: Buffer.from(said.text) };
};
const TERMS = { bridgeId: BRIDGE_ID, secret: SECRET, login: LOGIN, url: `http://c${PATH}` };
const poller = (by = send) => new BrokerPoller(() => host.bridgeContext(), TERMS, by);
const execute = (command: object) => ({
  ...{ v: 1, kind: 'execute', request_id: 'x', sent_at: new Date().toISOString(), command },
});
const positions = () => host.engine.state.positionsOf(LOGIN).length;

test('first says nothing of the terminal, then shows it, and brings what it has carried out until it is answered', async () => {
  const bridge = poller();
  expect(await bridge.sync()).toMatchObject({ status: 200, nextMs: 30 });
  expect(cloud.heard).toMatchObject([{ snapshot: null, replies: [] }]);
  cloud.requests = [execute(openCommand())];
  await bridge.sync();
  expect(cloud.heard[1]).toMatchObject({ snapshot: { kind: 'snapshot', account: { login: LOGIN } } });
  expect(positions()).toBe(1);
  cloud.direction = 'from-bridge';
  expect(await bridge.sync()).toMatchObject({ status: null });
  cloud.direction = 'to-bridge';
  await bridge.sync();
  expect(cloud.heard.slice(2).map((h) => h.replies.map((r) => r.result?.outcome))).toEqual([
    ['done'],
    ['done'],
  ]);
  await bridge.sync();
  expect(cloud.heard.at(-1)?.replies).toEqual([]);
});

test.each<[string, Partial<Cloud>, number]>([
  ['the key of the bridge’s own direction', { direction: 'from-bridge' }, 200],
  ['another body', { tamper: (b) => b.replace('"next_sync_ms":30', '"next_sync_ms":31') }, 200],
  ['no body', { tamper: () => '' }, 200],
  ['another status', {}, 201],
])('carries nothing out of a reply that is signed with %s', async (_what, spoiled, status) => {
  const bridge = poller(async (request) => {
    const reply = await send(request);
    return cloud.heard.length === 1 ? reply : { ...reply, status };
  });
  await bridge.sync();
  Object.assign(cloud, spoiled);
  cloud.requests = [execute(openCommand())];
  expect(await bridge.sync()).toMatchObject({ status: null });
  expect(positions()).toBe(0);
});

test('forgets after a refusal what it brought, which its journal keeps', async () => {
  const bridge = poller();
  await bridge.sync();
  const command = openCommand();
  cloud.requests = [execute(command)];
  await bridge.sync();
  cloud.status = 422;
  expect(await bridge.sync()).toMatchObject({ status: 422 });
  cloud.status = 200;
  await bridge.sync();
  expect(cloud.heard.at(-1)?.replies).toEqual([]);
  expect(host.journal.attempts(LOGIN, command.cmd_id)).toMatchObject([{ result: { outcome: 'done' } }]);
});

test('learns a clock that is wrong from refusals and replies, and judges deadlines by the other side’s', async () => {
  cloud.skewMs = 3_600_000;
  const bridge = poller();
  expect(await bridge.sync()).toMatchObject({ status: null });
  expect(await bridge.sync()).toMatchObject({ status: 200 });
  // Over by the cloud's clock, half an hour to go by its own.
  const expires_at = new Date(Date.now() + 1_800_000).toISOString();
  cloud.requests = [execute(openCommand({ expires_at }))];
  await bridge.sync();
  await bridge.sync();
  expect(cloud.heard.at(-1)?.replies).toMatchObject([{ result: { outcome: 'expired' } }]);
  expect(positions()).toBe(0);
  const aheadMs = Date.parse(cloud.heard.at(-1)?.sent_at ?? '') - Date.now();
  expect(Math.abs(aheadMs - cloud.skewMs)).toBeLessThan(60_000);
});

const guardOrder = (over: object = {}) => ({
  ...{ version: 1, login: LOGIN, server: 'Sim-Demo', armed: true, scope: 'all', namespace: 4 },
  ...{ units: '10000', peak: '1', balance: '10000', credit: '0', booked_to: '90000001' },
  ...{
    trip_bps: 2_000,
    hard_bps: 2_500,
    equity_floor: null,
    warning_ms: 10_000,
    close: null,
    latched: false,
  },
  ...over,
});
const reports = () => cloud.heard.map(({ snapshot }) => (snapshot as { guard?: object } | null)?.guard);

test('takes what the reply says to its guard, by the other side’s clock, and reports with each snapshot', async () => {
  const bridge = poller();
  cloud.guard = { version: 'none that can be read' };
  await bridge.sync();
  cloud.skewMs = 120_000;
  // Over by the cloud's clock, a minute to go by its own.
  const not_before = new Date(Date.now() + 60_000).toISOString();
  cloud.guard = guardOrder({ close: { trip_id: 'trip-1', not_before, revocable: true } });
  await bridge.sync();
  cloud.direction = 'from-bridge';
  cloud.guard = guardOrder({ version: 2 });
  await bridge.sync();
  const ask = { login: LOGIN, symbol: 'XAUUSD', side: 'buy', volume: '0.1' };
  expect(answerControl(host, 'POST /manual-trade', ask).status).toBe(200);
  expect(answerControl(host, 'POST /guard', { login: LOGIN, steps: 1 })).toMatchObject({
    body: { report: { version: 1, phase: 'closing', trip_id: 'trip-1' } },
  });
  expect(positions()).toBe(0);
  cloud.direction = 'to-bridge';
  await bridge.sync();
  expect(reports().map((report) => report && Object.entries(report).slice(0, 3))).toEqual([
    undefined,
    [
      ['version', null],
      ['phase', 'idle'],
      ['trip_id', null],
    ],
    [
      ['version', 1],
      ['phase', 'idle'],
      ['trip_id', null],
    ],
    [
      ['version', 1],
      ['phase', 'closing'],
      ['trip_id', 'trip-1'],
    ],
  ]);
});

test('in the broker’s process polls by itself in the rhythm it is told, also after a restart, or at once when asked', async () => {
  const { server, port } = await listen(host, 0);
  const base = `http://127.0.0.1:${port}`;
  stops.push(() => new Promise((resolve) => server.close(resolve)));
  const theirs = createServer(async (request, response) => {
    const said = answer(request.headers as Record<string, string>, await bytesOf(request));
    response.writeHead(said.status, said.headers).end(said.text);
  });
  await new Promise<void>((resolve) => theirs.listen(0, '127.0.0.1', resolve));
  stops.push(async () => {
    theirs.closeAllConnections();
    theirs.close();
  });
  expect((await control(base, '/sync', { bridge_id: BRIDGE_ID })).status).toBe(404);
  const sync_url = `http://127.0.0.1:${(theirs.address() as AddressInfo).port}${PATH}`;
  await control(base, '/bridges', { bridge_id: BRIDGE_ID, secret: SECRET, login: LOGIN, sync_url });
  const until = async (count: number) => {
    while (cloud.heard.length < count) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await until(3);
  await control(base, '/restart', {});
  const before = cloud.heard.length;
  await until(before + 2);
  cloud.nextMs = 3_600_000;
  cloud.guard = guardOrder();
  expect((await control(base, '/sync', { bridge_id: BRIDGE_ID })).json).toMatchObject({ status: 200 });
  // A breach is told at once, whenever it was to come again.
  const calm = cloud.heard.length;
  await control(base, '/manual-trade', { login: LOGIN, symbol: 'XAUUSD', side: 'buy', volume: '1' });
  await control(base, '/guard', { login: LOGIN, steps: 1 });
  const { bid } = host.engine.state.tables.quote.get('XAUUSD') ?? { bid: '0' };
  await control(base, '/tick', { symbol: 'XAUUSD', bid: String(Math.round(Number(bid)) - 22) });
  expect(cloud.heard).toHaveLength(calm);
  await control(base, '/guard', { login: LOGIN, steps: 1 });
  await until(calm + 1);
  expect(reports().at(-1)).toMatchObject({ phase: 'idle', samples: 1 });
  cloud.requests = [execute(openCommand())];
  await control(base, '/sync', { bridge_id: BRIDGE_ID });
  expect(positions()).toBe(2);
});

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}
