// Who may bring what to `POST /bridge/v1/sync`, how it is answered, and what its coming and its silence make of the account.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runTick } from '../../functions/jobs.ts';
import { fetchCandles } from '../../functions/market/fetch-candles.ts';
import { raiseAlerts } from '../../functions/notify/raise-alerts.ts';
import { need } from '../../functions/platform/config.ts';
import { seal } from '../../functions/platform/secret-box.ts';
import { callApp } from '../support/app-call.ts';
import { makeBridge } from '../support/organisation.ts';
import { PolledDesk, TARGET } from '../support/polled-desk.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let desk: PolledDesk;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  desk = await PolledDesk.make(t);
});
afterAll(() => t?.drop());

const bridgeId = () => desk.at.desk.bridge.id;
const accountId = () => desk.at.desk.account.id;
const seconds = () => Math.floor(desk.at.deps.clock.nowMs() / 1000);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const mac = (secret: Uint8Array, direction: string, lines: readonly string[]) => {
  const key = createHmac('sha256', secret).update(direction).digest();
  return `v1=${createHmac('sha256', key).update(lines.join('\n')).digest('base64')}`;
};
const HELLO = {
  ...{ v: 1, kind: 'sync', request_id: 'r-1', sent_at: '2026-03-02T10:00:00Z', deals_from: null },
  ...{ snapshot: null, replies: [] },
};
type Said = {
  body?: string;
  id?: string;
  secret?: Uint8Array;
  direction?: string;
  nonce?: string | null;
  timestamp?: string;
  target?: string;
  headers?: Record<string, string>;
};
/** A request as a bridge signs it, or otherwise. */
function request(over: Said = {}) {
  const { body = JSON.stringify(HELLO), id = bridgeId(), nonce = randomBytes(16).toString('hex') } = over;
  const timestamp = over.timestamp ?? String(seconds());
  const lines = ['v1', 'POST', over.target ?? TARGET, timestamp, nonce ?? '', id, sha256(body)];
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-bridge-id': id,
    'x-timestamp': timestamp,
    ...(nonce === null ? {} : { 'x-nonce': nonce }),
    'x-signature': mac(over.secret ?? desk.at.desk.bridge.secret, over.direction ?? 'from-bridge', lines),
    ...over.headers,
  };
  return { headers, body, nonce: nonce ?? '' };
}
const send = (r: ReturnType<typeof request>) =>
  callApp(desk.at.deps, TARGET, { method: 'POST', headers: r.headers, body: r.body });
/** Whether the answer is signed over the request, with this secret's key of our direction. */
async function isSigned(
  r: ReturnType<typeof request>,
  answer: Response,
  secret = desk.at.desk.bridge.secret,
) {
  const timestamp = answer.headers.get('x-timestamp') ?? '';
  const text = await answer.clone().text();
  const lines = ['v1-reply', String(answer.status), r.nonce, sha256(r.body), timestamp, sha256(text)];
  expect(timestamp).toBe(String(seconds()));
  return answer.headers.get('x-signature') === mac(secret, 'to-bridge', lines);
}
const nonces = async () =>
  (await t.sql('SELECT nonce FROM bridge_nonces WHERE bridge_id = $1', [bridgeId()])).length;

describe('proof', () => {
  it('fails with the same 401 whatever is wrong, and leaves nothing behind', async () => {
    const good = request();
    const wrong: [string, ReturnType<typeof request>][] = [
      ['no signature', { ...good, headers: { ...good.headers, 'x-signature': '' } }],
      ['the key of our direction', request({ direction: 'to-bridge' })],
      ['the bare secret of another', request({ secret: randomBytes(32) })],
      ['no nonce', request({ nonce: null })],
      ['a short nonce', request({ nonce: 'short' })],
      ['another path', request({ target: '/bridge/v1/other' })],
      ['another body', { ...good, body: `${good.body} ` }],
      ['too old', request({ timestamp: String(seconds() - 301) })],
      ['from the future', request({ timestamp: String(seconds() + 301) })],
      ['nobody', request({ id: desk.at.deps.ids.next() })],
      ['no id', request({ id: 'bridge-1' })],
      ['a producer', request({ id: desk.at.desk.producer.id, secret: desk.at.desk.producer.secret })],
    ];
    const bodies = new Set<string>();
    for (const [what, r] of wrong) {
      const answer = await send(r);
      expect(answer.status, what).toBe(401);
      expect(answer.headers.get('x-signature'), what).toBeNull();
      const { request_id, ...rest } = (await answer.json()) as Record<string, unknown>;
      bodies.add(JSON.stringify(rest));
    }
    expect(bodies.size).toBe(1);
    expect(JSON.parse([...bodies][0] ?? '')).toMatchObject({ server_time: seconds() });
    expect(await nonces()).toBe(0);
    expect((await send(good)).status).toBe(200);
  });

  it('is good for one request: of equal ones at once one is answered, and none later', async () => {
    const r = request();
    const answers = await Promise.all([send(r), send(r), send(r)]);
    expect(answers.map((a) => a.status).toSorted()).toEqual([200, 401, 401]);
    desk.at.deps.clock.advance(299_000);
    expect((await send(r)).status).toBe(401);
    expect(await nonces()).toBe(1);
  });

  it('holds under both secrets while they overlap, and the answer is signed with the one used', async () => {
    const { deps } = desk.at;
    const newer = randomBytes(32);
    const place = { table: 'bridge_secrets', row: bridgeId(), version: 2 };
    const sealed = await seal(need(deps.config, 'BRIDGE_KEYS'), place, newer, deps.ids.randomBytes(12));
    const at = new Date(deps.clock.nowMs()).toISOString();
    await t.sql(`INSERT INTO bridge_secrets VALUES ($1, 2, $2, $3, $4, $5)`, [
      ...[bridgeId(), sealed.keyId, sealed.iv, sealed.ciphertext, at],
    ]);
    await t.sql(
      `UPDATE bridge_secrets SET expires_at = $2::timestamptz + interval '1 minute' WHERE bridge_id = $1 AND version = 1`,
      [bridgeId(), at],
    );
    for (const secret of [desk.at.desk.bridge.secret, newer]) {
      const r = request({ secret });
      const answer = await send(r);
      expect(answer.status).toBe(200);
      expect(await isSigned(r, answer, Uint8Array.from(secret))).toBe(true);
    }
    deps.clock.advance(60_000);
    expect((await send(request())).status).toBe(401);
    expect((await send(request({ secret: newer }))).status).toBe(200);
  });

  it('of a revoked bridge is none', async () => {
    await t.sql('UPDATE bridges SET revoked_at = $2 WHERE id = $1', [bridgeId(), new Date().toISOString()]);
    expect((await send(request())).status).toBe(401);
  });

  it('is forgotten by its nonce after a quarter of an hour, when no timestamp fits it any more', async () => {
    await send(request());
    const { clock } = desk.at.deps;
    clock.advance(14 * 60_000);
    await runTick(desk.at.deps, clock.nowMs());
    expect(await nonces()).toBe(1);
    clock.advance(2 * 60_000);
    await runTick(desk.at.deps, clock.nowMs());
    expect(await nonces()).toBe(0);
  });
});

describe('a refusal of a proven bridge', () => {
  const body = (over: Record<string, unknown>) => JSON.stringify({ ...HELLO, ...over });

  it.each([
    ['no JSON', 400, () => request({ body: '{' })],
    ['another type', 415, () => request({ headers: { 'content-type': 'text/plain' } })],
    ['a member that nobody knows', 422, () => request({ body: body({ more: 1 }) })],
    ['no snapshot member', 422, () => request({ body: body({ snapshot: undefined }) })],
    ['another version', 422, () => request({ body: body({ v: 2 }) })],
    ['nesting without measure', 422, () => request({ body: `${'['.repeat(99)}${']'.repeat(99)}` })],
    ['a member twice', 422, () => request({ body: `{"v":1,${JSON.stringify(HELLO).slice(1)}` })],
    ['a snapshot that is none', 422, () => request({ body: body({ snapshot: { kind: 'snapshot' } }) })],
    ['a reply of no kind', 422, () => request({ body: body({ replies: [{ kind: 'sync' }] }) })],
  ])('for %s is signed like an answer', async (_what, status, of) => {
    const r = of();
    const answer = await send(r);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await isSigned(r, answer)).toBe(true);
    expect(await answer.json()).toMatchObject({ instance: TARGET, status });
  });

  it('that has an address is signed too: it is called, and brings nothing by itself', async () => {
    await t.sql(`UPDATE bridges SET url = 'http://127.0.0.1:9/bridge' WHERE id = $1`, [bridgeId()]);
    const r = request();
    const answer = await send(r);
    expect(answer.status).toBe(403);
    expect(await isSigned(r, answer)).toBe(true);
  });

  it('that comes too often is signed too', async () => {
    desk.at.deps.limiter.take = (_key, limit) => ({ allowed: false, limit, remaining: 0, resetSeconds: 7 });
    const r = request();
    const answer = await send(r);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7']);
    expect(await isSigned(r, answer)).toBe(true);
  });

  it('for its size comes before any proof', async () => {
    const answer = await send(request({ body: ' '.repeat(4 * 1024 * 1024 + 1) }));
    expect([answer.status, answer.headers.get('x-signature')]).toEqual([413, null]);
    expect(await nonces()).toBe(0);
  });
});

describe('an account whose bridge polls', () => {
  const account = async () => (await t.sql('SELECT * FROM accounts WHERE id = $1', [accountId()]))[0];
  const outcomes = async () =>
    (
      await t.sql('SELECT outcome FROM reconciliation_runs WHERE account_id = $1 ORDER BY started_at, id', [
        accountId(),
      ])
    ).map((r) => r['outcome']);
  const contact = async () =>
    (await t.sql('SELECT * FROM bridge_contacts WHERE bridge_id = $1', [bridgeId()]))[0];
  const unbind = () =>
    t.sql(
      `UPDATE accounts SET halted = true, server = NULL, login = NULL, currency = NULL, margin_mode = NULL,
         trade_mode = NULL, bound_at = NULL, snapshot_at = NULL WHERE id = $1`,
      [accountId()],
    );

  it('is bound by the first snapshot, not by a first word, and stays halted', async () => {
    await unbind();
    expect(await desk.sync()).toMatchObject({ status: 200, said: { outcome: null, deals_from: null } });
    expect(await account()).toMatchObject({ login: null, version: 0 });
    expect(await contact()).toBeUndefined();
    expect(await desk.sync()).toMatchObject({ said: { outcome: 'applied' } });
    const { clock } = desk.at.deps;
    expect(await account()).toMatchObject({
      ...{ login: desk.at.desk.account.login, server: 'Demo-1', halted: true, version: 1 },
      bound_at: new Date(clock.nowMs()),
    });
    expect(await contact()).toMatchObject({
      ...{ outcome: 'applied', failures: 0, heard_at: new Date(clock.nowMs()) },
      next_at: new Date(clock.nowMs() + 20_000),
    });
  });

  it('is taken over by the bridge that it is promised, with the first snapshot of it and with nothing less', async () => {
    const { deps, desk: made } = desk.at;
    const before = await makeBridge({ t, deps }, made.userId);
    await t.sql('UPDATE accounts SET bridge_id = $2, next_bridge_id = $3 WHERE id = $1', [
      ...[accountId(), before.id, bridgeId()],
    ]);
    const driver = async () =>
      (await t.sql('SELECT bridge_id FROM accounts WHERE id = $1', [accountId()]))[0]?.['bridge_id'];
    await send(request());
    expect(await driver(), 'a word is no proof').toBe(before.id);
    await t.sql(`UPDATE accounts SET login = '1' WHERE id = $1`, [accountId()]);
    await desk.sync();
    expect([await driver(), desk.last.said.outcome], 'another login').toEqual([before.id, null]);
    await t.sql('UPDATE accounts SET login = $2 WHERE id = $1', [accountId(), made.account.login]);
    await desk.sync();
    expect([await driver(), desk.last.said.outcome]).toEqual([bridgeId(), 'applied']);
  });

  it('is nobody’s once it was released', async () => {
    await desk.sync();
    await t.sql('UPDATE accounts SET released_at = now(), halted = true WHERE id = $1', [accountId()]);
    await desk.sync();
    expect(desk.last.said).toMatchObject({ outcome: null, requests: [] });
  });

  it('that is none yet is told so in its own time', async () => {
    await t.sql('DELETE FROM account_producers WHERE account_id = $1', [accountId()]);
    await t.sql('DELETE FROM account_symbols WHERE account_id = $1', [accountId()]);
    await t.sql('DELETE FROM accounts WHERE id = $1', [accountId()]);
    expect(await desk.sync()).toMatchObject({
      ...{ status: 200, nextMs: 30_000 },
      said: { outcome: null, requests: [] },
    });
  });

  it('is compared with no history that is too short, and told at once how long it must be', async () => {
    await desk.sync();
    await desk.sync();
    const { deals_from } = desk.last.said;
    expect(Date.parse(deals_from)).toBe(desk.at.deps.clock.nowMs() - 48 * 3_600_000);
    await t.sql(`UPDATE accounts SET deals_cursor = deals_cursor - interval '1 hour' WHERE id = $1`, [
      accountId(),
    ]);
    const { version } = (await account()) ?? {};
    expect(await desk.sync()).toMatchObject({
      ...{ nextMs: 1_000 },
      said: { outcome: 'snapshot-incomplete', requests: [] },
    });
    expect(await account()).toMatchObject({ version });
    expect(await desk.sync()).toMatchObject({ said: { outcome: 'applied' } });
  });

  it('lists one run a minute, and each that finds something', async () => {
    await desk.sync();
    for (let i = 0; i < 5; i += 1) await desk.sync();
    // It found the first deposit.
    expect(await outcomes()).toEqual(['applied']);
    desk.at.control('/deposit', { login: desk.at.desk.account.login, amount: '5' });
    await desk.sync();
    expect(await outcomes()).toHaveLength(2);
    desk.at.deps.clock.advance(60_000);
    for (let i = 0; i < 5; i += 1) await desk.sync();
    expect(await outcomes()).toHaveLength(3);
    desk.at.control('/fault', { kind: 'failed:deals', login: desk.at.desk.account.login, times: 3 });
    for (let i = 0; i < 3; i += 1) await desk.sync();
    expect((await outcomes()).toSorted()).toEqual(['applied', 'applied', 'applied', 'snapshot-incomplete']);
  });

  it('is not called by the schedule, and its silence is judged by when it last came', async () => {
    await desk.sync();
    await desk.sync();
    const { deps } = desk.at;
    deps.clock.advance(61_000);
    await runTick(deps, deps.clock.nowMs());
    expect(deps.sent.filter((m) => m.kind === 'reconcile' && m.account_id === accountId())).toEqual([]);
    deps.sent.splice(0);
    expect(await contact()).toMatchObject({ outcome: 'applied', failures: 0 });
    expect(await desk.at.reconcile()).toEqual({ accountId: accountId(), outcome: 'awaits-sync' });
    const { signalId, command } = await desk.at.approve();
    expect(command).toBeUndefined();
    const refusal = 'SELECT refusal FROM deliveries WHERE signal_id = $1';
    expect(await t.sql(refusal, [signalId])).toEqual([{ refusal: 'bridge-silent' }]);
    const alerts = async () =>
      t.sql(`SELECT kind FROM alerts WHERE subject_id = $1 AND kind = 'bridge-silent'`, [accountId()]);
    deps.clock.advance(300_000 - 61_000);
    await raiseAlerts(deps);
    expect(await alerts()).toEqual([]);
    deps.clock.advance(1);
    await raiseAlerts(deps);
    expect(await alerts()).toHaveLength(1);
    await desk.sync();
    expect((await desk.at.approve()).command).toMatchObject({ state: 'created' });
  });

  it('says of a terminal that is cut off or logged in elsewhere what it says, once', async () => {
    const { login } = desk.at.desk.account;
    await desk.sync();
    await desk.sync();
    desk.at.control('/fault', { kind: 'disconnected', login, on: 'snapshot' });
    expect(await desk.sync()).toMatchObject({ said: { outcome: 'terminal-disconnected' } });
    const terms = { server: 'Demo-1', currency: 'USD', margin_mode: 'hedging', balance: '5' };
    desk.at.control('/accounts', { login: '999', ...terms });
    desk.at.control('/fault', { kind: 'switch:999', login, times: 2 });
    for (let i = 0; i < 2; i += 1)
      expect(await desk.sync()).toMatchObject({ said: { outcome: 'account-mismatch' } });
    expect(await contact()).toMatchObject({ outcome: 'account-mismatch' });
    const raised = `SELECT 1 FROM alerts WHERE kind = 'account-mismatch' AND subject_id = $1`;
    expect(await t.sql(raised, [accountId()])).toHaveLength(1);
    expect((await outcomes()).toSorted()).toEqual(['account-mismatch', 'applied', 'terminal-disconnected']);
  });

  it('is asked for the bars that somebody wants, once, and what it brings is kept', async () => {
    await desk.sync();
    await desk.sync();
    const { deps } = desk.at;
    desk.at.control('/tick', { symbol: 'XAUUSD', steps: 1_200, step_seconds: 1 });
    deps.clock.set(desk.at.host.engine.state.nowMs());
    const of = {
      accountId: accountId(),
      bridgeId: bridgeId(),
      symbol: 'XAUUSD',
      timeframe: 'M5' as const,
    };
    expect(await fetchCandles(deps, of, 3)).toEqual([]);
    expect(await fetchCandles(deps, of, 3)).toEqual([]);
    await desk.sync();
    expect(desk.last.said.requests).toMatchObject([{ kind: 'candles', symbol: 'XAUUSD', count: 3 }]);
    await desk.sync();
    expect(desk.last.said.requests).toEqual([]);
    expect(await fetchCandles(deps, of, 3)).toHaveLength(3);
    // A terminal that is logged in elsewhere shows another broker's.
    await t.sql('DELETE FROM candles WHERE account_id = $1', [accountId()]);
    await desk.sync();
    desk.at.control('/fault', { kind: 'disconnected', login: desk.at.desk.account.login, on: 'snapshot' });
    await desk.sync();
    expect(await fetchCandles(deps, of, 3)).toEqual([]);
  });
});
