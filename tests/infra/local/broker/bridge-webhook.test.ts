// The signed webhook over real HTTP: proof, envelopes, at-most-once execution, faults of the wire.

import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BrokerHost } from '../../../../infra/local/broker/broker-host.ts';
import { listen } from '../../../../infra/local/broker/broker-server.ts';
import { type CallOptions, call, control, envelope, MAGIC, openCommand, prepare } from './bridge-caller.ts';

let dir: string;
let host: BrokerHost;
let server: Server;
let base: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'bridge-'));
  host = new BrokerHost({ dir, seed: 7, realNowMs: Date.now });
  const listening = await listen(host, 0);
  server = listening.server;
  base = `http://127.0.0.1:${listening.port}`;
  await prepare(base);
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  host.close();
  rmSync(dir, { recursive: true, force: true });
});

const snapshot = (options?: CallOptions) => call(base, envelope('snapshot', { deals_from: null }), options);
const execute = (command: object) => call(base, envelope('execute', { command }));
const lookup = (cmdId: string) => call(base, envelope('lookup', { cmd_id: cmdId, magic: MAGIC }));
const state = async () => (await control(base, '/state')).json;
const positions = async () => (await state()).accounts[0]?.positions;

test('a proven snapshot is answered with a signed reply of the agreed shape', async () => {
  await execute(openCommand({}, { stop_loss: '2000', take_profit: '2100' }));
  const reply = await snapshot();
  expect(reply).toMatchObject({ status: 200, isProven: true });
  expect(Object.keys(reply.json)).toEqual([
    'v', 'kind', 'request_id', 'boot_id', 'seq', 'captured_at', 'server_now', 'connected', 'server_offset_seconds',
    'account', 'positions', 'orders', 'symbols', 'sections', 'highest_magic', 'deals', 'history_orders', 'deals_to',
    'guard',
  ]); // biome-ignore format: the order of the protocol
  expect(reply.json).toMatchObject({ v: 1, kind: 'snapshot', connected: true, highest_magic: MAGIC, seq: 2 });
  expect(reply.json.account).toMatchObject({
    login: '1001',
    balance: '9999.65',
    profit: '-2',
    equity: '9997.65',
  });
  expect(reply.json.positions).toMatchObject([
    {
      type: 'buy',
      magic: MAGIC,
      reason: 'expert',
      sl: '2000',
      tp: '2100',
      comment: 'CS0000000001',
      profit: '-2',
    },
  ]);
  expect(reply.json.deals).toMatchObject([
    { type: 'balance', entry: null, profit: '10000', symbol: '', position_id: '0' },
    { type: 'buy', entry: 'in', magic: MAGIC, position_id: reply.json.positions[0]?.identifier },
  ]);
  expect(reply.json.symbols).toHaveLength(8);
  expect(Math.abs(Date.parse(reply.json.captured_at) - Date.now())).toBeLessThan(5000);
});

test('every failure of proof is the same unsigned 401', async () => {
  const now = Math.floor(Date.now() / 1000);
  const other = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
  const bad: CallOptions[] = [
    { secret: other },
    { timestamp: String(now - 302) },
    { timestamp: String(now + 302) },
    { timestamp: 'yesterday' },
    { nonce: 'short' },
    { headers: { 'x-bridge-id': 'bridge-2' } },
    { headers: { 'x-signature': `v1=${Buffer.alloc(32).toString('base64')}` } },
    { headers: { 'x-signature': 'v2=abc' } },
    { login: '1002' },
  ];
  for (const options of bad) {
    const reply = await snapshot(options);
    expect(reply).toMatchObject({ status: 401, isSigned: false });
    expect(reply.json).toEqual({ error: 'unauthorized', server_time: expect.any(Number) });
  }
  const good = [
    { timestamp: String(now - 295) },
    { timestamp: new Date().toISOString() },
    { path: '/bridge/1001?a=b' },
  ];
  for (const options of good) expect((await snapshot(options)).status).toBe(200);
});

test('a nonce is good once, also after a restart; a refused request does not use it up', async () => {
  const nonce = 'n'.repeat(32);
  expect((await snapshot({ nonce, headers: { 'x-signature': 'v1=x' } })).status).toBe(401);
  expect((await snapshot({ nonce })).status).toBe(200);
  expect((await snapshot({ nonce })).status).toBe(401);
  const before = (await snapshot()).json;
  await control(base, '/restart', {});
  expect((await snapshot({ nonce })).status).toBe(401);
  const after = (await snapshot()).json;
  expect(after.boot_id).not.toBe(before.boot_id);
  expect(after.seq).toBe(1);
  expect(after.account).toEqual(before.account);
});

test('a changed body breaks the signature', async () => {
  const { createHash } = await import('node:crypto');
  const { macOf, SECRET, BRIDGE_ID } = await import('./bridge-caller.ts');
  const timestamp = String(Math.floor(Date.now() / 1000));
  const digest = createHash('sha256').update('{}').digest('hex');
  const lines = ['v1', 'POST', '/bridge/1001', timestamp, 'm'.repeat(20), BRIDGE_ID, digest];
  const headers = { 'x-signature': macOf(SECRET, 'to-bridge', lines) };
  expect((await snapshot({ timestamp, nonce: 'm'.repeat(20), headers })).status).toBe(401);
});

test('an old secret still works after one rotation and not after two', async () => {
  const rotate = (fill: number) =>
    control(base, '/bridges', {
      bridge_id: 'bridge-1',
      login: '1001',
      secret: `whsec_${Buffer.alloc(32, fill).toString('base64')}`,
    });
  await rotate(1);
  expect(await snapshot()).toMatchObject({ status: 200, isProven: true });
  await rotate(2);
  expect((await snapshot()).status).toBe(401);
});

test('the same command is executed once, however often it comes', async () => {
  const command = openCommand();
  const first = await execute(command);
  expect(first.json.result).toMatchObject({ outcome: 'done', retcode: 10009, volume: '0.1', reason: null });
  const again = await Promise.all([1, 2, 3].map(() => execute(command)));
  for (const reply of again) expect(reply.json.result).toEqual(first.json.result);
  await control(base, '/restart', {});
  expect((await execute(command)).json.result).toEqual(first.json.result);
  expect((await execute({ ...command, attempt: 2 })).json.result).toEqual(first.json.result);
  expect(await positions()).toHaveLength(1);
  expect((await state()).journal).toMatchObject([{ cmd_id: command.cmd_id, sent: 1, executed: 1 }]);
});

test('timeout_after: the connection is cut, the command stands, the next try tells its result', async () => {
  await control(base, '/fault', { kind: 'timeout_after', times: 1, on: 'execute' });
  expect((await snapshot()).status).toBe(200);
  const command = openCommand();
  await expect(execute(command)).rejects.toThrow();
  const found = (await lookup(command.cmd_id)).json;
  expect(found).toMatchObject({ journal: 'result', result: { outcome: 'done' } });
  expect(found.deals).toHaveLength(1);
  expect((await execute(command)).json.result.outcome).toBe('done');
  expect(await positions()).toHaveLength(1);
});

test('timeout_before and drop: nothing was done', async () => {
  const command = openCommand();
  await control(base, '/fault', { kind: 'timeout_before', times: 1, hold_ms: 50 });
  await expect(execute(command)).rejects.toThrow();
  await control(base, '/fault', { kind: 'drop', times: 1 });
  await expect(execute(command)).rejects.toThrow();
  expect((await lookup(command.cmd_id)).json).toMatchObject({ journal: 'absent', positions: [], deals: [] });
  expect((await execute(command)).json.result.outcome).toBe('done');
});

test('duplicate, garbage, http_500 and bad_signature behave as named', async () => {
  await control(base, '/fault', { kind: 'duplicate', times: 1 });
  await execute(openCommand());
  expect(await positions()).toHaveLength(1);
  await control(base, '/fault', { kind: 'garbage', times: 1 });
  expect(await snapshot()).toMatchObject({ status: 200, json: null, isProven: true });
  await control(base, '/fault', { kind: 'http_500', times: 1 });
  expect(await snapshot()).toMatchObject({ status: 500, isProven: true });
  await control(base, '/fault', { kind: 'bad_signature', times: 1 });
  expect(await snapshot()).toMatchObject({ status: 200, isSigned: true, isProven: false });
  expect(await snapshot()).toMatchObject({ status: 200, isProven: true });
  expect((await state()).faults).toEqual([]);
});

test('over HTTP a torn reply is a broken connection, a slow one arrives whole', async () => {
  await control(base, '/fault', { kind: 'cut_reply', times: 1 });
  await expect(snapshot()).rejects.toThrow();
  await control(base, '/fault', { kind: 'slow', times: 1, hold_ms: 20 });
  expect(await snapshot()).toMatchObject({ status: 200, isProven: true });
  await control(base, '/fault', { kind: 'huge', times: 1 });
  expect((await snapshot()).text.length).toBeGreaterThan(10 * 1024 * 1024);
});

test('requote and reject answer once and a new attempt succeeds', async () => {
  const command = openCommand();
  await control(base, '/fault', { kind: 'requote', times: 1 });
  expect((await execute(command)).json.result).toMatchObject({ outcome: 'failed', retcode: 10004 });
  expect((await execute(command)).json.result).toMatchObject({ outcome: 'failed', retcode: 10004 });
  await control(base, '/fault', { kind: 'reject:10030', times: 1 });
  expect((await execute({ ...command, attempt: 2 })).json.result).toMatchObject({
    outcome: 'failed',
    retcode: 10030,
  });
  await control(base, '/fault', { kind: 'reject:10012', times: 1 });
  expect((await execute({ ...command, attempt: 3 })).json.result).toMatchObject({
    outcome: 'unknown',
    retcode: 10012,
  });
  expect((await execute({ ...command, attempt: 4 })).json.result).toMatchObject({ outcome: 'done' });
  expect((await state()).journal).toMatchObject([{ sent: 4, executed: 1 }]);
});

test('an attempt older than the newest is never sent', async () => {
  const command = openCommand();
  await control(base, '/fault', { kind: 'requote', times: 1 });
  await execute({ ...command, attempt: 2 });
  expect((await execute(command)).json.result).toMatchObject({ outcome: 'refused', reason: 'stale_attempt' });
  expect(await positions()).toEqual([]);
});

test('commands that are late, for another account or against a precondition never reach the broker', async () => {
  const late = openCommand({ expires_at: new Date(Date.now() - 1).toISOString() });
  expect((await execute(late)).json.result).toMatchObject({
    outcome: 'expired',
    retcode: null,
    t_sent: null,
  });
  const pre = { login: '1001', server: 'Sim-Demo', symbol: 'XAUUSD' };
  const cases: [object, object, string][] = [
    [{ pre: { ...pre, login: '1002' } }, {}, 'login_mismatch'],
    [{ pre: { ...pre, server: 'Other' } }, {}, 'server_mismatch'],
    [{ pre: { ...pre, symbol: 'EURUSD' } }, {}, 'symbol_mismatch'],
    [{ pre: { ...pre, symbol: 'NOPE' } }, { symbol: 'NOPE' }, 'unknown_symbol'],
    [{ pre: { ...pre, volume_at_most: '0.05' } }, {}, 'volume_above_precondition'],
    [{ pre: { ...pre, max_spread_points: 10 } }, {}, 'spread_too_wide'],
    [{ kind: 'close' }, {}, 'invalid_order'],
    [{ evidence: { magic: MAGIC, comment: 'x'.repeat(32) } }, {}, 'comment_too_long'],
  ];
  for (const [more, order, reason] of cases) {
    expect((await execute(openCommand(more, order))).json.result).toMatchObject({
      outcome: 'refused',
      reason,
    });
  }
  await control(base, '/fault', { kind: 'disconnected', times: 1 });
  expect((await execute(openCommand())).json.result).toMatchObject({
    outcome: 'refused',
    reason: 'disconnected',
  });
  expect((await state()).accounts[0]?.deals).toHaveLength(1);
});

test('place, modify, cancel, close: each kind of command does its work', async () => {
  const pre = { login: '1001', server: 'Sim-Demo', symbol: 'XAUUSD' };
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  const place = openCommand({ kind: 'place' }, { type: 'buy_limit', price: '2000.00', expires_at: inAnHour });
  const placed = (await execute(place)).json.result;
  expect(placed).toMatchObject({ outcome: 'placed', retcode: 10008, price: '2000', deal: null });
  expect((await snapshot()).json.orders).toMatchObject([{ ticket: placed.order, time_expiration: inAnHour }]);
  const cancel = openCommand({ kind: 'cancel', order: { symbol: 'XAUUSD', order_ticket: placed.order } });
  expect((await execute(cancel)).json.result).toMatchObject({ outcome: 'done', order: placed.order });
  expect((await execute({ ...cancel, cmd_id: 'again' })).json.result).toMatchObject({
    outcome: 'failed',
    retcode: 10035,
  });
  const other = { evidence: { magic: '4398046511137', comment: 'CS2' } };
  const opened = (await execute(openCommand(other))).json.result;
  const stops = { symbol: 'XAUUSD', position_ticket: opened.order, stop_loss: '2020.00' };
  expect((await execute(openCommand({ kind: 'modify_sltp', order: stops }))).json.result.outcome).toBe(
    'done',
  );
  expect((await positions())?.[0]).toMatchObject({ sl: '2020', tp: null });
  const close = (volume: string, id: string) =>
    openCommand(
      { kind: 'close', pre: { ...pre, position_id: id } },
      { type: 'sell', volume, position_ticket: opened.order },
    );
  expect((await execute(close('0.04', '1'))).json.result).toMatchObject({ reason: 'position_mismatch' });
  expect((await execute(close('0.04', opened.order))).json.result).toMatchObject({
    outcome: 'done',
    volume: '0.04',
  });
  expect((await execute(close('0.07', opened.order))).json.result).toMatchObject({ retcode: 10038 });
  expect((await execute(close('0.06', opened.order))).json.result).toMatchObject({ outcome: 'done' });
  expect((await execute(close('0.06', opened.order))).json.result).toMatchObject({
    outcome: 'failed',
    retcode: 10036,
  });
});

test('partial_fill, empty_history, failed_history, disconnected and torn show in what is reported', async () => {
  await control(base, '/fault', { kind: 'partial_fill', times: 1 });
  const result = (await execute(openCommand())).json.result;
  expect(result).toMatchObject({ outcome: 'partial', retcode: 10010, volume: '0.05' });
  await control(base, '/fault', { kind: 'empty_history', times: 1 });
  expect((await snapshot()).json).toMatchObject({ deals: [], history_orders: [], sections: { deals: true } });
  await control(base, '/fault', { kind: 'failed_history', times: 1 });
  expect((await snapshot()).json).toMatchObject({ deals: [], sections: { deals: false, positions: true } });
  await control(base, '/fault', { kind: 'disconnected', times: 1 });
  expect((await snapshot()).json.connected).toBe(false);
  await control(base, '/fault', { kind: 'torn', times: 1 });
  expect((await snapshot()).json).toMatchObject({ positions: [], account: { profit: '-1' } });
  const whole = (await snapshot()).json;
  expect(whole).toMatchObject({ connected: true, positions: [{ volume: '0.05' }] });
  expect(whole.history_orders).toMatchObject([
    { state: 'partial', volume_initial: '0.1', volume_current: '0.05' },
  ]);
});

test('candles: ended bars only, at most 5000; unknown symbols and envelopes are signed refusals', async () => {
  const from = new Date(Date.now() - 40 * 86_400_000).toISOString();
  const to = new Date().toISOString();
  const ask = (symbol: string, timeframe: string) =>
    call(base, envelope('candles', { symbol, timeframe, from, to }));
  const hours = (await ask('BTCUSD', 'H1')).json.candles;
  expect(hours).toHaveLength(500);
  expect(Date.parse(hours.at(-1)?.time ?? '') + 3_600_000).toBeLessThanOrEqual(Date.now());
  expect(hours.at(-1)?.close).toBe('60000');
  expect((await ask('BTCUSD', 'M1')).json.candles).toHaveLength(5000);
  expect(await ask('NOPE', 'H1')).toMatchObject({
    status: 200,
    isProven: true,
    json: { error: { code: 'unknown_symbol' } },
  });
  expect(await call(base, envelope('dance'))).toMatchObject({ status: 422, isProven: true });
  expect(await call(base, 'no json')).toMatchObject({ status: 422, isProven: true });
});

test.each([
  ['NY+7', '2026-03-10T15:00:00.000', 10_800],
  ['EET', '2026-03-10T14:00:00.000', 7200],
])('deal times of a %s server are reported in UTC and raw', async (tz, raw, offset) => {
  await control(base, '/clock', { now: '2026-03-10T12:00:00Z' });
  const terms = { server: 'S', currency: 'USD', margin_mode: 'netting', balance: '100', server_tz: tz };
  await control(base, '/accounts', { login: '7', ...terms });
  const report = await state();
  const account = report.accounts.find((row) => row.login === '7');
  expect(account?.deals).toMatchObject([{ time: '2026-03-10T12:00:00.000Z', time_server: raw }]);
  await control(base, '/bridges', {
    bridge_id: 'bridge-1',
    login: '7',
    secret: (await import('./bridge-caller.ts')).SECRET,
  });
  const since = (iso: string) => call(base, envelope('snapshot', { deals_from: iso }), { login: '7' });
  expect((await since('2026-03-10T12:00:00Z')).json).toMatchObject({
    server_offset_seconds: offset,
    deals: [{}],
  });
  expect((await since('2026-03-10T12:00:00.001Z')).json.deals).toEqual([]);
});
