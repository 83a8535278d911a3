// The broker under kill -9: what was acknowledged is still there, and nothing is ever sent twice.
import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { call, control, envelope, MAGIC, openCommand, prepare } from './bridge-caller.ts';
import { BrokerProcess } from './broker-process.ts';

const CANDLES = join(import.meta.dirname, '../../../../../shared/data/xauusd_h1_2012-2022.csv');
let dir: string;
let broker: BrokerProcess;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'broker-process-'));
  broker = await BrokerProcess.start(dir);
  await prepare(broker.base);
});

afterEach(async () => {
  await broker.kill();
  rmSync(dir, { recursive: true, force: true });
});

const execute = (command: object) => call(broker.base, envelope('execute', { command }));
const state = async () => (await control(broker.base, '/state')).json;

async function restart(): Promise<void> {
  await broker.kill();
  broker = await BrokerProcess.start(dir);
}

test('everything acknowledged survives kill -9, and a line cut off by it is dropped', async () => {
  await control(broker.base, '/clock', { now: '2026-03-03T10:00:00Z' });
  await execute(openCommand({}, { stop_loss: '2000.00' }));
  await control(broker.base, '/tick', { symbol: 'XAUUSD', steps: 30, step_seconds: 60 });
  await control(broker.base, '/deposit', { login: '1001', amount: '-12.34' });
  await control(broker.base, '/fault', { kind: 'requote', times: 3 });
  const before = await state();
  await broker.kill();
  appendFileSync(join(dir, 'broker.jsonl'), '[["row","account","1001",{"login":"1001","bal');
  appendFileSync(join(dir, 'bridge.jsonl'), '{"kind":"intent","lo');
  broker = await BrokerProcess.start(dir);
  const after = await state();
  expect(after.boot_id).not.toBe(before.boot_id);
  for (const key of ['accounts', 'symbols', 'faults', 'journal', 'bridges'] as const)
    expect(after[key]).toEqual(before[key]);
  await control(broker.base, '/deposit', { login: '1001', amount: '1' });
  await restart();
  expect((await state()).accounts[0]?.deals).toHaveLength(4);
});

test('killed between intent and sending: unknown for ever, a look-up finds nothing, it is never sent', async () => {
  const command = openCommand();
  await control(broker.base, '/fault', { kind: 'crash_after_intent', times: 1 });
  await expect(execute(command)).rejects.toThrow();
  expect(await broker.ended()).toBe('SIGKILL');
  broker = await BrokerProcess.start(dir);
  for (let round = 0; round < 3; round += 1) {
    const { result } = (await execute(command)).json;
    expect(result).toMatchObject({ outcome: 'unknown', reason: 'intent_without_result' });
  }
  const found = (await call(broker.base, envelope('lookup', { cmd_id: command.cmd_id, magic: MAGIC }))).json;
  expect(found).toMatchObject({ journal: 'intent', orders: [], positions: [], deals: [] });
  const { journal, accounts } = await state();
  expect(journal).toMatchObject([{ sent: 0, executed: 0 }]);
  expect(accounts[0]?.positions).toEqual([]);
});

test('killed between sending and result: found by magic, never sent twice', async () => {
  const command = openCommand();
  await control(broker.base, '/fault', { kind: 'crash_after_send', times: 1 });
  await expect(execute(command)).rejects.toThrow();
  expect(await broker.ended()).toBe('SIGKILL');
  broker = await BrokerProcess.start(dir);
  const { result } = (await execute(command)).json;
  expect(result).toMatchObject({ outcome: 'done', reason: 'found_by_magic', volume: '0.1', price: '2035.3' });
  expect((await execute({ ...command, attempt: 2 })).json.result).toEqual(result);
  const { journal, accounts } = await state();
  expect(journal).toMatchObject([{ sent: 1, executed: 1 }]);
  expect(accounts[0]?.positions).toHaveLength(1);
});

test('a flood cut off by kill -9 loses nothing that was answered', async () => {
  const answered: string[] = [];
  const commands = Array.from({ length: 60 }, (_, n) =>
    openCommand({ evidence: { magic: String(900_000 + n), comment: 'CS2' } }, { volume: '0.01' }),
  );
  const flood = commands.map((command) =>
    execute(command).then(
      (reply) => reply.json.result.outcome === 'done' && answered.push(command.cmd_id),
      () => undefined,
    ),
  );
  while (answered.length < 10) await new Promise((resolve) => setTimeout(resolve, 1));
  broker.child.kill('SIGKILL');
  await Promise.all(flood);
  broker = await BrokerProcess.start(dir);
  const { journal, accounts } = await state();
  const executed = new Map(journal.map((row) => [row.cmd_id, row.executed] as const));
  for (const id of answered) expect(executed.get(id)).toBe(1);
  const total = [...executed.values()].reduce((sum, count) => sum + count, 0);
  expect(accounts[0]?.positions).toHaveLength(total);
  console.log(`flood: ${answered.length} answered, ${total} executed, ${commands.length} asked`);
});

test.skipIf(!existsSync(CANDLES))(
  'candles of a file set price and clock and are read again after kill -9 (skips without the data folder)',
  async () => {
    const loaded = await control(broker.base, '/candles', {
      symbol: 'XAUUSD',
      timeframe: 'H1',
      file: CANDLES,
    });
    expect(loaded.json).toMatchObject({
      count: 57_600,
      last_close: '1969.74',
      now: '2022-03-04T22:00:00.000Z',
    });
    expect(loaded.json.warning).toContain('1 deals lie after');
    await control(broker.base, '/tick', { symbol: 'XAUUSD', bid: '1975', time: '2022-03-04T22:30:00Z' });
    await restart();
    const candles = async () =>
      (await control(broker.base, '/candles?symbol=XAUUSD&timeframe=H1&limit=2')).json.candles;
    expect((await candles()).at(-1)).toMatchObject({ time: '2022-03-04T21:00:00.000Z', close: '1969.74' });
    await control(broker.base, '/clock', { advance_seconds: 1800 });
    expect((await candles()).at(-1)).toMatchObject({
      time: '2022-03-04T22:00:00.000Z',
      open: '1975',
      close: '1975',
    });
    const bad = await control(broker.base, '/candles', {
      symbol: 'XAUUSD',
      timeframe: 'H1',
      file: '/nowhere.csv',
    });
    expect(bad.status).toBe(400);
  },
);

test('it ends when its parent’s pipe closes', async () => {
  broker.child.stdin?.end();
  expect(await broker.ended()).toBe(0);
});

test('control refuses what it does not understand and changes nothing', async () => {
  const before = await state();
  const bad: [string, object][] = [
    ['/accounts', { login: 'x' }],
    ['/accounts', { login: '1001', server: 'Other', currency: 'USD', margin_mode: 'hedging', balance: '1' }],
    ['/bridges', { bridge_id: 'b', secret: 'plain', login: '1001' }],
    ['/fault', { kind: 'meteor' }],
    ['/tick', { symbol: 'NOPE', bid: '1' }],
    ['/tick', { symbol: 'EURUSD', bid: '2', ask: '1' }],
    ['/manual-trade', { login: '1001', close: '5' }],
    ['/manual-trade', { login: '1001', symbol: 'EURUSD', side: 'buy', volume: '99' }],
    ['/clock', { now: 'soon' }],
  ];
  for (const [path, body] of bad) {
    const { status, json } = await control(broker.base, path, body);
    expect(`${path} ${status}`).toBe(`${path} 400`);
    expect(json.error).toEqual(expect.any(String));
  }
  expect((await state()).accounts).toEqual(before.accounts);
  const same = {
    login: '1001',
    server: 'Sim-Demo',
    currency: 'USD',
    margin_mode: 'hedging',
    balance: '10000',
  };
  expect((await control(broker.base, '/accounts', same)).json.created).toBe(false);
});

test('trades by hand: magic 0, reason client, closed in part and whole', async () => {
  const trade = (body: object) => control(broker.base, '/manual-trade', { login: '1001', ...body });
  const opened = (await trade({ symbol: 'XAUUSD', side: 'sell', volume: 0.05, sl: 2050 })).json;
  expect((await state()).accounts[0]?.positions).toMatchObject([
    { magic: '0', reason: 'client', sl: '2050' },
  ]);
  await trade({ modify: opened.order, tp: 2000 });
  expect((await state()).accounts[0]?.positions).toMatchObject([{ sl: '2050', tp: '2000' }]);
  await trade({ close: opened.order, volume: '0.02' });
  await trade({ close: opened.order });
  const deals = (await state()).accounts[0]?.deals ?? [];
  expect(deals.slice(1)).toMatchObject([
    { entry: 'in' },
    { volume: '0.02' },
    { volume: '0.03', reason: 'client' },
  ]);
});
