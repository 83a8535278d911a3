// A whole broker in one process, as suites of thousands of schedules use it, and every fault of the wire on it.
import { expect, test } from 'vitest';
import { answerControl } from '../../../../infra/local/broker/control-server.ts';
import { inMemoryBroker } from '../../../../infra/local/broker/in-memory-broker.ts';
import {
  BRIDGE_ID,
  callInProcess,
  envelope,
  MAGIC,
  openCommand,
  type Reply,
  SECRET,
} from './bridge-caller.ts';

const NOW = Date.parse('2026-03-03T10:00:00Z');
const TERMS = { server: 'Sim-Demo', currency: 'USD', margin_mode: 'hedging', balance: '10000' };

function start() {
  const host = inMemoryBroker({ seed: 7, nowMs: NOW });
  const control = (path: string, body: object = {}) => {
    const { status, body: answer } = answerControl(host, `POST ${path}`, body);
    if (status !== 200) throw new Error((answer as Reply).error);
    return answer as Reply;
  };
  control('/accounts', { login: '1001', ...TERMS });
  control('/bridges', { bridge_id: BRIDGE_ID, secret: SECRET, login: '1001' });
  const fault = (kind: string, more: object = {}) => control('/fault', { kind, ...more });
  const snapshot = () => callInProcess(host, envelope('snapshot', { deals_from: null }));
  const execute = (command: object) => callInProcess(host, envelope('execute', { command }));
  const command = () => openCommand({ expires_at: new Date(host.realNowMs() + 30_000).toISOString() });
  const state = () => answerControl(host, 'GET /state', {}).body as Reply;
  return { host, control, fault, snapshot, execute, command, state };
}

test('it answers in the same words as the webhook, under a clock that stands still', async () => {
  const { snapshot, execute, command, host } = start();
  expect((await execute(command())).json.result).toMatchObject({ outcome: 'done', retcode: 10009 });
  const reply = await snapshot();
  expect(reply).toMatchObject({ status: 200, isProven: true });
  expect(reply.json).toMatchObject({
    captured_at: '2026-03-03T10:00:00.000Z',
    highest_magic: MAGIC,
    account: {
      margin_so_call: '100',
      margin_so_so: '50',
      leverage: 100,
      trade_mode: 'demo',
      margin_mode: 'hedging',
      currency_digits: 2,
      fifo_close: false,
      margin_level: expect.any(String),
    },
  });
  host.engine.setClock(NOW + 60_000);
  expect((await snapshot()).json.captured_at).toBe('2026-03-03T10:01:00.000Z');
});

test('a crash cuts the request and restarts the broker from what it had written', async () => {
  const { fault, execute, command, snapshot, state, host } = start();
  const boot = host.bootId;
  fault('crash_after_intent');
  const lost = command();
  await expect(execute(lost)).rejects.toThrow('cut');
  expect(host.bootId).not.toBe(boot);
  expect((await execute(lost)).json.result).toMatchObject({ outcome: 'unknown' });
  expect((await snapshot()).json).toMatchObject({ highest_magic: MAGIC });
  fault('crash_after_send');
  const sent = { ...command(), evidence: { magic: '4398046511137', comment: 'CS2' } };
  await expect(execute(sent)).rejects.toThrow('cut');
  expect((await execute(sent)).json.result).toMatchObject({ outcome: 'done', reason: 'found_by_magic' });
  const { journal, accounts } = state();
  expect(journal.map((row) => row.executed)).toEqual([0, 1]);
  expect(accounts[0]?.positions).toHaveLength(1);
});

test('a magic that one command was sent with opens nothing for another, also after a restart', async () => {
  const { execute, command, host, state } = start();
  const first = command();
  await execute(first);
  host.restart();
  expect((await execute(command())).json.result).toMatchObject({
    ...{ outcome: 'refused', reason: 'magic_in_use', order: null },
  });
  expect((await execute(first)).json.result).toMatchObject({ outcome: 'done' });
  expect(state().accounts[0]?.positions).toHaveLength(1);
});

test('after a restart the history may come late: empty, and nothing says that it is', async () => {
  const { control, snapshot, host } = start();
  const boot = host.bootId;
  control('/restart', { empty_history: 2 });
  for (let round = 0; round < 2; round += 1) {
    expect((await snapshot()).json).toMatchObject({ deals: [], sections: { deals: true }, seq: round + 1 });
  }
  expect(host.bootId).not.toBe(boot);
  expect((await snapshot()).json.deals).toHaveLength(1);
});

test('two brokers of one seed walk the same way, and a restart changes nothing', () => {
  const quotes = [start(), start()].map(({ host }) => {
    host.engine.walk('EURUSD', 500, 1);
    host.restart();
    host.engine.walk('EURUSD', 500, 1);
    return host.engine.state.tables.quote.get('EURUSD');
  });
  expect(quotes[0]).toEqual(quotes[1]);
  expect(quotes[0]?.time).toBe(NOW + 1_000_000);
});

test('ten thousand flat accounts open in one request, and a tick passes them by', async () => {
  const { control, host } = start();
  const accounts = Array.from({ length: 10_000 }, (_, index) => ({
    login: String(200_000 + index),
    ...TERMS,
  }));
  expect(control('/accounts', { accounts })).toEqual({ created: 10_000 });
  expect(control('/accounts', { accounts })).toEqual({ created: 0 });
  const bridges = accounts.map(({ login }) => ({ bridge_id: `b-${login}`, secret: SECRET, login }));
  expect(control('/bridges', { bridges })).toEqual({ bridges: 10_000 });
  expect(host.engine.state.busyLogins()).toEqual([]);
  host.engine.walk('EURUSD', 1000, 1);
  const one = { login: '204242', bridgeId: 'b-204242' };
  const reply = await callInProcess(host, envelope('snapshot'), one);
  expect(reply.json.account).toMatchObject({ login: '204242', equity: '10000' });
});

test('retcodes by name, and how often each was answered', async () => {
  const { fault, execute, command, state } = start();
  fault('reject:no_money');
  expect((await execute(command())).json.result).toMatchObject({ outcome: 'failed', retcode: 10019 });
  fault('reject:timeout');
  expect((await execute({ ...command(), evidence: { magic: '5', comment: '' } })).json.result).toMatchObject({
    outcome: 'unknown',
    retcode: 10012,
  });
  expect(() => fault('reject:nonsense')).toThrow();
  expect(state()).toMatchObject({
    retcodes: { 10019: 1, 10012: 1 },
    fault_uses: { 'reject:no_money': 1, 'reject:timeout': 1 },
  });
});

test('an account switched in the terminal: the other one is shown and no command runs', async () => {
  const { control, fault, snapshot, execute, command, state } = start();
  expect(() => fault('switch:2002')).toThrow('no account');
  control('/accounts', { login: '2002', ...TERMS, balance: '5' });
  fault('switch:2002', { times: 2 });
  expect((await snapshot()).json.account).toMatchObject({ login: '2002', balance: '5' });
  expect((await execute(command())).json.result).toMatchObject({
    outcome: 'refused',
    reason: 'login_mismatch',
  });
  expect((await snapshot()).json.account.login).toBe('1001');
  expect(state().journal[0]?.executed).toBe(0);
});

test.each(['account', 'positions', 'orders', 'deals', 'history_orders'])(
  'a %s section that failed is empty and says so; the others stand',
  async (section) => {
    const { fault, snapshot, execute, command } = start();
    await execute(command());
    fault(`failed:${section}`);
    const { json } = await snapshot();
    const sections = Object.entries(json.sections).filter(([, ok]) => !ok);
    expect(sections).toEqual([[section, false]]);
    const shown = json[section as 'deals'];
    if (section === 'account') expect(json.account).toMatchObject({ balance: '0', equity: '0' });
    else expect(shown).toEqual([]);
    expect((await snapshot()).json.sections[section]).toBe(true);
  },
);

test('a skewed clock is wrong in time stamps and in its judgement of ours', async () => {
  const { fault, snapshot } = start();
  fault('skew:-200');
  const slow = await snapshot();
  expect(slow).toMatchObject({ status: 200, timestamp: String(NOW / 1000 - 200) });
  expect(slow.json.captured_at).toBe('2026-03-03T09:56:40.000Z');
  fault('skew:900');
  const wrong = await snapshot();
  expect(wrong).toMatchObject({ status: 401, json: { server_time: NOW / 1000 + 900 } });
  expect((await snapshot()).status).toBe(200);
});

test('replies come late, twice, huge or torn', async () => {
  const { fault, snapshot, execute, command } = start();
  fault('reorder', { hold_ms: 60_000 });
  const order: number[] = [];
  const first = snapshot().then((reply) => order.push(reply.json.seq));
  const second = snapshot().then((reply) => order.push(reply.json.seq));
  await Promise.all([first, second]);
  expect(order).toEqual([2, 1]);
  fault('stale');
  const old = await snapshot();
  await execute(command());
  const again = await snapshot();
  expect(again).toMatchObject({ isProven: true, text: old.text });
  expect((await snapshot()).json.positions).toHaveLength(1);
  fault('huge');
  const huge = await snapshot();
  expect(huge.isProven).toBe(true);
  expect(huge.text.length).toBeGreaterThan(10 * 1024 * 1024);
  expect(huge.json).toMatchObject({ account: { login: '1001' }, padding: expect.any(String) });
  fault('slow', { hold_ms: 5 });
  expect(await snapshot()).toMatchObject({ status: 200, isProven: true });
  fault('cut_reply');
  await expect(snapshot()).rejects.toThrow('torn');
});

test('close-by, a moved order and a stop-limit go through the bridge too', async () => {
  const { execute, command, host } = start();
  let magic = 100;
  const run = async (kind: string, order: object) => {
    magic += 1;
    const evidence = { magic: String(magic), comment: '' };
    const asked = { ...command(), kind, order: { symbol: 'XAUUSD', ...order }, evidence };
    return (await execute(asked)).json.result as { outcome: string; order: string; volume: string };
  };
  const long = await run('open', { type: 'buy', volume: '0.3' });
  const short = await run('open', { type: 'sell', volume: '0.1', filling: 'fok' });
  const pair = { position_ticket: long.order, position_by_ticket: short.order };
  expect(await run('close_by', pair)).toMatchObject({ outcome: 'done', volume: '0.1' });
  const placed = await run('place', {
    type: 'buy_stop_limit',
    volume: '0.1',
    price: '2050',
    price_stoplimit: '2045',
    expiration: 'day',
  });
  expect(placed).toMatchObject({ outcome: 'placed' });
  expect(await run('modify_order', { order_ticket: placed.order, price: '2055' })).toMatchObject({
    outcome: 'done',
  });
  expect(host.engine.state.ordersOf('1001')).toMatchObject([
    { price_open: '2055', price_stoplimit: '2045', type_time: 'day' },
  ]);
});
