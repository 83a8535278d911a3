// The whole deployment: its halt, which stops every entry and no close, and the restore epoch of its magic numbers.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { type Trader, unique, until } from './world.ts';

const DEPLOYMENT = '/api/v1/deployment';
const RAISE = '/api/v1/restore-epoch/raise';

export function deploymentContract({ test, ...w }: Contract): void {
  const { owner, admin, user } = w.dev.tokens;
  const shown = (token = owner): Promise<Json> => w.json(w.as(token, 'GET', DEPLOYMENT));
  const say = (token: string, verb: 'halt' | 'resume', body: unknown): Promise<Response> =>
    w.as(token, 'POST', `${DEPLOYMENT}/${verb}`, body);
  /** Runs while the deployment is halted by an admin; it goes on afterwards, whatever happens. */
  const whileHalted = async (reason: string, run: (halted: Json) => Promise<void>): Promise<void> => {
    try {
      await run(await w.json(say(admin, 'halt', { reason })));
    } finally {
      await w.json(say(owner, 'resume', { reason: 'the test is over' }));
    }
  };
  const statusIs = (t: Trader, signalId: string, status: string): Promise<Json> =>
    until(`the signal is ${status}`, async () => {
      await w.reconcile(t.user, t.accountId);
      const seen = await w.statusOf(t.user, signalId);
      return seen.status === status ? seen : null;
    });
  const auditOf = async (action: string, reason: string): Promise<number> =>
    w.count(`SELECT count(*) FROM audit_log WHERE action = $1 AND detail->>'reason' = $2`, action, reason);

  test('takes no entries on any account from a halt’s answer on, closes all the same, until an owner resumes', async () => {
    const [t, other] = [await w.trader(), await w.trader()];
    const held = await w.approvedSignal(t);
    await statusIs(t, held.id, 'executed');
    await whileHalted(`prices ${unique()}`, async () => {
      for (const one of [t, other]) {
        const account = await w.json(w.as(one.user.token, 'GET', `/api/v1/accounts/${one.accountId}`));
        expect(account).toMatchObject({
          halted: false,
          entries: { taken: false, reason: 'deployment-halted' },
        });
        const entry = await statusIs(one, (await w.approvedSignal(one)).id, 'failed');
        expect(entry.refusal).toBe('deployment-halted');
      }
      const closing = await w.sent(t.producer, { intent: 'close', side: 'sell', price: held.price });
      await w.json(w.approve(t.user, closing.id), 201);
      await statusIs(t, held.id, 'closed');
      expect((await w.brokerAccount(t.login)).positions).toEqual([]);
    });
    await statusIs(other, (await w.approvedSignal(other)).id, 'executed');
  });

  test('says who halted it and why, keeps the first of many, and writes every word in the audit', async () => {
    const [first, second] = [`first ${unique()}`, `second ${unique()}`];
    const { id: byId } = await w.json(w.as(admin, 'GET', '/api/v1/me'));
    await whileHalted(first, async (halted) => {
      expect(halted).toEqual({
        ...{
          halted: true,
          halted_at: expect.any(String),
          halted_by: byId,
          reason: first,
          withdraw_pending: false,
        },
        ...{ epoch: expect.any(Number), epoch_behind_at: null },
      });
      expect(await w.json(say(owner, 'halt', { reason: second }))).toEqual(halted);
      expect(await shown()).toMatchObject(halted);
      expect([await auditOf('deployment.halt', first), await auditOf('deployment.halt', second)]).toEqual([
        1, 1,
      ]);
    });
    const free = { halted: false, halted_at: null, halted_by: null, reason: null };
    expect(await shown()).toMatchObject(free);
    const reason = `again ${unique()}`;
    expect(await w.json(say(owner, 'resume', { reason })), 'safe to repeat').toMatchObject(free);
    expect(await auditOf('deployment.resume', reason)).toBe(1);
  });

  test('tells those who are told of the deployment that it was halted, once, by name and reason', async () => {
    const reason = `told ${unique()}`;
    const chat_id = `-${Date.now()}`;
    const destination = { channel: 'telegram', name: unique(), chat_id };
    const { id } = await w.json(w.owner('POST', '/api/v1/alerts/destinations', destination), 201);
    const said = async (): Promise<string[]> => {
      const { messages }: Json = await (await fetch(`${w.dev.telegram?.url}/messages`)).json();
      return messages.filter((m: Json) => m.chat_id === chat_id).map((m: Json) => m.text as string);
    };
    await whileHalted(reason, async () => {
      await w.json(say(owner, 'halt', { reason: 'once more' }));
      await until('the halt is told', async () => (await said()).some((text) => text.includes(reason)));
      const halts = (await said()).filter((text) => text.includes('The whole deployment was halted'));
      expect(halts).toEqual([expect.stringContaining(reason)]);
      const { items } = await w.json(w.as(user, 'GET', '/api/v1/alerts'));
      expect(items.filter((a: Json) => a.kind === 'deployment-halted')).toEqual([]);
    });
    await w.json(w.owner('POST', `/api/v1/alerts/destinations/${id}/revoke`));
  });

  test('is halted by owner and admin, resumed by an owner alone, and neither without a reason', async () => {
    const reason = `roles ${unique()}`;
    await w.refusal(w.as(user, 'GET', DEPLOYMENT), 403, 'forbidden');
    await w.refusal(say(user, 'halt', { reason }), 403, 'forbidden');
    for (const verb of ['halt', 'resume'] as const)
      for (const body of [
        {},
        { reason: '' },
        { reason: '  ' },
        { reason: 'x'.repeat(501) },
        { reason, more: 1 },
      ])
        await w.refusal(say(owner, verb, body), 422, 'invalid-body');
    expect((await shown(admin)).halted).toBe(false);
    await whileHalted(reason, async () => {
      await w.refusal(say(admin, 'resume', { reason }), 403, 'forbidden');
      await w.refusal(say(user, 'resume', { reason }), 403, 'forbidden');
      expect((await shown(admin)).halted).toBe(true);
    });
    expect([await auditOf('deployment.halt', reason), await auditOf('deployment.resume', reason)]).toEqual([
      1, 0,
    ]);
  });

  test('raises the restore epoch that is named, once of many clicks, and tells the others the present one', async () => {
    const { epoch } = await shown();
    const raise = (body: unknown, token = owner): Promise<Response> => w.as(token, 'POST', RAISE, body);
    const rows = () => w.count(`SELECT count(*) FROM audit_log WHERE action = 'restore-epoch.raise'`);
    const before = await rows();
    const bodies = [
      undefined,
      {},
      { expected_epoch: String(epoch) },
      { expected_epoch: 256 },
      { expected_epoch: -1 },
    ];
    for (const body of bodies) expect([415, 422], JSON.stringify(body)).toContain((await raise(body)).status);
    await w.refusal(raise({ expected_epoch: epoch }, admin), 403, 'forbidden');
    const clicks = await Promise.all(Array.from({ length: 6 }, () => raise({ expected_epoch: epoch })));
    const said: Json[] = await Promise.all(clicks.map((c) => c.json()));
    expect(clicks.map((c) => c.status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
    for (const one of said) expect(one.epoch).toBe(epoch + 1);
    const late = await w.refusal(raise({ expected_epoch: epoch }), 409, 'conflict');
    expect(late.epoch).toBe(epoch + 1);
    expect([(await shown()).epoch, await rows()]).toEqual([epoch + 1, before + 1]);
  });

  /** Has another program trade on the account under a magic of our namespace, so that its bridge shows that. */
  const shows = async (t: Trader, epoch: number): Promise<string> => {
    const { id } = await w.approvedSignal(t);
    await statusIs(t, id, 'executed');
    const [own] = (await w.brokerAccount(t.login)).positions;
    const magic = String(((BigInt(own.magic) >> 40n) << 40n) | (BigInt(epoch) << 32n) | 16n);
    await w.broker('/manual-trade', { login: t.login, symbol: 'GBPUSD', side: 'buy', volume: '0.01', magic });
    await w.reconcile(t.user, t.accountId);
    return magic;
  };
  const entriesOf = async (t: Trader): Promise<Json> =>
    (await w.json(w.as(t.user.token, 'GET', `/api/v1/accounts/${t.accountId}`))).entries;
  const suspicionOf = async (t: Trader): Promise<Json> =>
    (await shown()).suspected.find((s: Json) => s.account_id === t.accountId) ?? null;

  test('holds an impossible magic against the account that shows it, its closes and everybody else go on', async () => {
    const [t, other] = [await w.trader(), await w.trader()];
    const magic = await shows(t, 255);
    expect(await entriesOf(t)).toEqual({ taken: false, reason: 'epoch-behind' });
    expect(await suspicionOf(t)).toMatchObject({ user_id: t.user.id, magic, witness: false });
    expect((await shown(admin)).epoch_behind_at).toBeNull();
    const { items } = await w.json(w.as(t.user.token, 'GET', '/api/v1/reconciliation/divergences'));
    expect(items.filter((d: Json) => d.code === 'EPOCH_BEHIND')).toMatchObject([
      { status: 'open', evidence: { magic } },
    ]);
    const told = await w.json(w.as(t.user.token, 'GET', '/api/v1/alerts'));
    expect(told.items.filter((a: Json) => a.kind === 'epoch-suspected').length).toBe(1);
    const refused = await statusIs(t, (await w.approvedSignal(t)).id, 'failed');
    expect(refused.refusal).toBe('epoch-behind');
    const { bid } = await w.quote('EURUSD');
    const closing = await w.sent(t.producer, { intent: 'close', side: 'sell', price: bid });
    await w.json(w.approve(t.user, closing.id), 201);
    await until('the close is executed', async () => {
      await w.reconcile(t.user, t.accountId);
      const { positions } = await w.brokerAccount(t.login);
      return positions.every((p: Json) => p.symbol !== 'EURUSD');
    });
    await statusIs(other, (await w.approvedSignal(other)).id, 'executed');
    expect((await w.json(w.plain('/readyz'))).degraded ?? []).not.toContain('epoch-behind');
  });

  test('lets an owner dismiss what an account shows, by its magic, and takes entries there again', async () => {
    const t = await w.trader();
    const magic = await shows(t, 254);
    const dismiss = (token: string, over: Json = {}): Promise<Response> =>
      w.as(token, 'POST', '/api/v1/restore-epoch/dismiss', {
        ...{ account_id: t.accountId, magic, reason: `another program ${unique()}` },
        ...over,
      });
    await w.refusal(dismiss(admin), 403, 'forbidden');
    await w.refusal(dismiss(t.user.token), 403, 'forbidden');
    for (const over of [{ reason: ' ' }, { magic: 'x' }, { magic: 1 }, { account_id: 'x' }, { more: 1 }])
      await w.refusal(dismiss(owner, over), 422, 'invalid-body');
    const other = await w.refusal(dismiss(owner, { magic: '17' }), 409, 'conflict');
    expect(other.magic).toBe(magic);
    const reason = `judged ${unique()}`;
    expect(await w.json(dismiss(owner, { reason }))).toEqual({
      account_id: t.accountId,
      magic,
      dismissed: true,
    });
    expect(await auditOf('restore-epoch.dismiss', reason)).toBe(1);
    await w.refusal(dismiss(owner), 409, 'conflict');
    expect(await suspicionOf(t)).toBeNull();
    await statusIs(t, (await w.approvedSignal(t)).id, 'executed');
    expect(await entriesOf(t), 'though it still shows it').toEqual({ taken: true, reason: null });
    const { items } = await w.json(w.as(t.user.token, 'GET', '/api/v1/reconciliation/divergences'));
    expect(items.filter((d: Json) => d.code === 'EPOCH_BEHIND')).toMatchObject([{ status: 'resolved' }]);
  });
}
