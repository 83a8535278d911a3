// The bridge for a real terminal: Python's own tests of it, then the very contract that every bridge keeps, and what only a
// process that can be killed can show, through the real clients of `functions/bridge/`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bridgeClient } from '../../../functions/bridge/bridge-client.ts';
import type { BridgePort } from '../../../functions/bridge/bridge-port.ts';
import type { BridgeCommand } from '../../../functions/bridge/bridge-protocol.ts';
import { isoTime, systemClock } from '../../../functions/platform/clock.ts';
import { nodeTransport } from '../../../functions/platform/node-transport.ts';
import { createOutbound, type Outbound, type OutboundRequest } from '../../../functions/platform/outbound.ts';
import { reconcileAccount } from '../../../functions/reconciliation/reconcile-account.ts';
import { bridgeContract } from '../../bridge/bridge-contract.ts';
import { type BridgeSite, LOGIN, SERVER } from '../../bridge/bridge-site.ts';
import { makeAccount, makeBridge, makeUser } from '../../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';
import { testDeps } from '../../support/test-deps.ts';
import { freePort } from '../local/free-port.ts';
import { BridgeProcess, unitTests, whyNoPython } from './bridge-process.ts';
import { calledSite, PolledCloud, pollingSite, secretText } from './python-site.ts';

const missing = whyNoPython();
if (missing !== null) console.warn(`skipped: the bridge for a real terminal, ${missing}`);

let t: TestDatabase;
let folder = '';
beforeAll(async () => {
  if (missing !== null) return;
  t = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'countersign-mt5-'));
});
afterAll(async () => {
  if (folder !== '') await rm(folder, { recursive: true, force: true });
  await t?.drop();
});

describe.skipIf(missing !== null)('Python', () => {
  it('passes its own tests, and there are many', async () => {
    const { ok, out } = await unitTests();
    expect(ok, out).toBe(true);
    expect(Number(/Ran (\d+) tests/.exec(out)?.[1])).toBeGreaterThan(100);
  });
});

describe.skipIf(missing !== null)('called at its webhook', () => {
  let bridge: BridgeProcess;
  let stage: Parameters<typeof makeBridge>[0];
  let deps: ReturnType<typeof testDeps>;
  let port: BridgePort;
  let bridgeId: string;
  let userId: string;
  let sent: OutboundRequest[];
  let settings: Record<string, string>;
  let losesNext = false;
  let site: BridgeSite;
  const transport = nodeTransport({ local: true });
  const real = createOutbound({ local: true, transport });
  const outbound: Outbound = async (request) => {
    sent.push(request);
    const reply = await real(request);
    const lost = losesNext;
    losesNext = false;
    return lost ? { kind: 'failed', effect: 'unknown', word: 'timeout' } : reply;
  };

  beforeAll(async () => {
    stage = { t, deps: testDeps(t) };
    deps = Object.assign(testDeps(t, { outbound }), { clock: systemClock });
    userId = await makeUser(stage);
    const made = await makeBridge(stage, userId);
    bridgeId = made.id;
    const listen = `127.0.0.1:${await freePort()}`;
    await t.sql('UPDATE bridges SET url = $2 WHERE id = $1', [
      made.id,
      `http://${listen}/bridge?account=${LOGIN}`,
    ]);
    settings = { bridge_id: made.id, secret: secretText(made.secret), listen };
    bridge = await BridgeProcess.start(join(folder, 'called'), settings);
    port = bridgeClient(deps, made.id);
  });
  afterAll(async () => {
    expect(await bridge.stop()).toBe(0);
  });
  beforeEach(async () => {
    sent = [];
    site = await calledSite(bridge, port, () => {
      losesNext = true;
    });
  });

  bridgeContract('the webhook in Python', () => site);

  const command = (number: number): BridgeCommand => ({
    ...{ cmd_id: crypto.randomUUID(), attempt: 0, kind: 'open', expires_at: isoTime(Date.now() + 30_000) },
    pre: { login: LOGIN, server: SERVER, symbol: 'XAUUSD' },
    order: { symbol: 'XAUUSD', type: 'buy', volume: '0.1' },
    evidence: { magic: String((9n << 40n) + (BigInt(number) << 4n)), comment: 'cs0123456789ab' },
  });

  it('is alone in its folder: another one would each send what the other knows', async () => {
    const again = BridgeProcess.start(join(folder, 'called'), settings);
    await expect(again).rejects.toThrow('another bridge runs');
  });

  it('that dies between its intent and sending never sends the command, and says that it does not know', async () => {
    const c = command(1);
    await site.control('/fault', { kind: 'crash_after_intent' });
    expect(await site.execute(c)).toBeNull();
    const look = await site.ask((b) => b.lookup({ cmdId: c.cmd_id, attempt: 0, magic: c.evidence.magic }));
    expect(look).toMatchObject({ value: { journal: 'intent', orders: [], deals: [], positions: [] } });
    for (let i = 0; i < 2; i += 1)
      expect(await site.execute(c)).toMatchObject({ outcome: 'unknown', reason: 'intent_without_result' });
    expect(await bridge.book()).toMatchObject({ executed: [], sent: [] });
    expect((await bridge.journal()).at(-1)).toMatchObject({ kind: 'intent', command: { cmd_id: c.cmd_id } });
  });

  it('that dies behind sending finds what was executed, and tells it from then on', async () => {
    const c = command(2);
    await site.control('/fault', { kind: 'crash_after_send' });
    expect(await site.execute(c)).toBeNull();
    const found = await site.ask((b) => b.execute(c));
    expect(found).toMatchObject({ value: { outcome: 'done', reason: 'found_by_magic', volume: '0.1' } });
    expect(await site.ask((b) => b.execute(c))).toEqual(found);
    expect((await bridge.book()).executed).toEqual([Number(c.evidence.magic)]);
  });

  it('takes no request twice, and none that was changed on its way or signed with another secret', async () => {
    const c = command(3);
    await site.execute(c);
    const [request] = sent.filter((r) => r.body.includes(c.cmd_id));
    if (request === undefined) throw new Error('nothing was sent');
    const nonce = { 'x-nonce': 'another-nonce-0123456789' };
    for (const again of [request, { ...request, headers: { ...request.headers, ...nonce } }]) {
      const reply = await real(again);
      expect(reply).toMatchObject({ kind: 'reply', status: 401 });
      const told = JSON.parse(Buffer.from((reply as { body: Uint8Array }).body).toString());
      expect(told).toEqual({ error: 'unauthorized', server_time: expect.any(Number) });
    }
    const other = await makeBridge(stage, userId);
    await t.sql('UPDATE bridges SET url = (SELECT url FROM bridges WHERE id = $2) WHERE id = $1', [
      other.id,
      bridgeId,
    ]);
    expect(await bridgeClient(deps, other.id).snapshot(null)).toMatchObject({ word: 'unsigned' });
    expect((await bridge.book()).executed).toHaveLength(1);
  });

  it('shows a snapshot that binds an account, and what it has executed stands in the books', async () => {
    const account = await makeAccount(stage, { userId, bridgeId, producerIds: [], fresh: true });
    expect(await reconcileAccount(deps, account.id)).toMatchObject({ outcome: 'applied' });
    const result = await site.execute(command(4));
    expect(await reconcileAccount(deps, account.id)).toMatchObject({ outcome: 'applied' });
    const [bound] = await t.sql('SELECT login, server, margin_mode, state FROM accounts WHERE id = $1', [
      account.id,
    ]);
    expect(bound).toMatchObject({
      login: LOGIN,
      server: SERVER,
      margin_mode: 'hedging',
      state: { balance: '9999.65' },
    });
    const text =
      'SELECT position_id, status, trim_scale(commission)::text AS commission FROM trades WHERE account_id = $1';
    const trades = await t.sql(text, [account.id]);
    expect(trades).toEqual([{ position_id: result?.order, status: 'open', commission: '-0.35' }]);
    await bridge.change({ faults: { positions_get: [-1, 'Terminal: Call failed', 1_000] } });
    expect(await reconcileAccount(deps, account.id)).toMatchObject({ outcome: 'snapshot-incomplete' });
    await bridge.change({ faults: {}, connected: false });
    expect(await reconcileAccount(deps, account.id)).toMatchObject({ outcome: 'terminal-disconnected' });
    expect(await t.sql('SELECT identifier FROM positions WHERE account_id = $1', [account.id])).toHaveLength(
      1,
    );
  });
});

describe.skipIf(missing !== null)('polling', () => {
  const cloud = new PolledCloud();
  let bridge: BridgeProcess;
  let site: BridgeSite;
  beforeAll(async () => {
    const settings = {
      bridge_id: cloud.bridgeId,
      secret: secretText(cloud.secret),
      cloud_url: await cloud.listen(),
    };
    bridge = await BridgeProcess.start(join(folder, 'polling'), settings);
  });
  afterAll(async () => {
    expect(await bridge.stop()).toBe(0);
    cloud.stop();
  });
  beforeEach(async () => {
    site = await pollingSite(bridge, cloud);
  });

  bridgeContract('the poll in Python', () => site);
});
