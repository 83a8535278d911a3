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
  status: number;
  skewMs: number;
  direction: string;
  tamper: (body: string) => string;
};
let cloud: Cloud;
let host: BrokerHost;
const stops: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  cloud = { heard: [], requests: [], status: 200, skewMs: 0, direction: 'to-bridge', tamper: (b) => b };
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
    ...{ v: 1, kind: 'sync', server_time: new Date(nowMs).toISOString(), next_sync_ms: 30, deals_from: null },
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
  expect((await control(base, '/sync', { bridge_id: BRIDGE_ID })).json).toMatchObject({ status: 200 });
  cloud.requests = [execute(openCommand())];
  await control(base, '/sync', { bridge_id: BRIDGE_ID });
  expect(positions()).toBe(1);
});

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}
