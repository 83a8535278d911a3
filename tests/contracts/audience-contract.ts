// One signal, several people: each sees his own status, and who is not in the audience sees nothing. And that the
// demo organisation, which the whole contract stands on, came about through the public API like any other.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { SIGNALS } from './signed-ask.ts';
import { type Person, until } from './world.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function audienceContract({ test, ...w }: Contract): void {
  test('shows three followers who decide differently each his own status, the owner hers, a stranger nothing', async () => {
    const producer = await w.producer();
    const { owner } = producer;
    const [approver, rejecter, waiter] = await Promise.all(Array.from({ length: 3 }, () => w.person()));
    if (!approver || !rejecter || !waiter) throw new Error('three people');
    const followers = [approver, rejecter, waiter];
    for (const who of followers) await w.subscribe(producer, who);
    await w.account(approver, [producer.id]);
    const expires_at = new Date(Date.now() + 8_000).toISOString();
    const { id } = await w.sent(producer, { expires_at });
    await until(
      'the signal has reached all three',
      async () => (await w.count('SELECT count(*) FROM deliveries WHERE signal_id = $1', id)) === 4,
    );
    const one = async (who: Person): Promise<string> => (await w.statusOf(who, id)).status;
    const listed = async (who: Person, query = ''): Promise<string[]> =>
      (await w.json(w.as(who.token, 'GET', `${SIGNALS}?${query}`))).items
        .filter((s: Json) => s.id === id)
        .map((s: Json) => s.status);
    const seen = async () =>
      Promise.all([owner, ...followers].map(async (who) => [await one(who), ...(await listed(who))]));
    expect(await seen()).toEqual(Array(4).fill(['new', 'new']));
    await w.json(w.approve(approver, id), 201);
    await w.json(w.approve(rejecter, id, { decision: 'rejected' }), 201);
    // The approver's account is halted: an approval that cannot be executed is `failed`, and his alone.
    await until('the approval has come to its end', async () => (await one(approver)) === 'failed');
    expect(await seen()).toEqual([
      ['new', 'new'],
      ['failed', 'failed'],
      ['rejected', 'rejected'],
      ['new', 'new'],
    ]);
    await w.json(w.approve(owner, id, { decision: 'rejected', reason: 'not for me' }), 201);
    await until('the deadline has passed', async () => (await one(waiter)) === 'expired');
    const ends = [
      ['rejected', 'rejected'],
      ['failed', 'failed'],
      ['rejected', 'rejected'],
      ['expired', 'expired'],
    ];
    expect(await seen()).toEqual(ends);
    await w.rt.tick();
    expect(await seen()).toEqual(ends);
    for (const [who, status] of [
      [approver, 'failed'],
      [rejecter, 'rejected'],
      [waiter, 'expired'],
    ] as const)
      expect([await listed(who, `status=${status}`), await listed(who, 'status=new')]).toEqual([
        [status],
        [],
      ]);
    await w.refusal(w.approve(waiter, id, { decision: 'rejected' }), 409, 'signal-not-open');
    const stranger = await w.person();
    for (const token of [stranger.token, w.dev.tokens.other])
      await w.refusal(w.as(token, 'GET', `${SIGNALS}/${id}`), 403, 'forbidden');
    expect(await listed(stranger)).toEqual([]);
    // Owner and admin read everything, as the producer's owner sees it.
    for (const token of [w.dev.tokens.owner, w.dev.tokens.admin])
      expect((await w.json(w.as(token, 'GET', `${SIGNALS}/${id}`))).status).toBe('rejected');
  });

  test('stands on an organisation made through the public API: all that dev.json names was made by a person’s request', async () => {
    const me = async (token: string): Promise<Json> => w.json(w.as(token, 'GET', '/api/v1/me'));
    const { tokens, producer, account, bridge } = w.dev;
    const [owner, admin, user, other] = await Promise.all(
      [tokens.owner, tokens.admin, tokens.user, tokens.other].map(me),
    );
    const made = async (action: string, subject: string, by: Json): Promise<void> => {
      const rows = await w.rt.query(
        'SELECT actor_kind, actor_id, request_id FROM audit_log WHERE action = $1 AND subject_id = $2',
        [action, subject],
      );
      expect(rows, `${action} ${subject}`).toEqual([
        { actor_kind: 'user', actor_id: by.id, request_id: expect.stringMatching(UUID) },
      ]);
    };
    // The first owner alone cannot come through the API: `npm run owner` makes her, and says so in the audit log.
    const first = await w.rt.query("SELECT subject_id FROM audit_log WHERE action = 'owner.first'");
    expect(first).toEqual([{ subject_id: owner.id }]);
    for (const person of [admin, user, other]) await made('user.create', person.id, owner);
    for (const person of [admin, user, other]) {
      const [token] = await w.rt.query(
        "SELECT id FROM access_tokens WHERE user_id = $1 AND name = 'demo' AND created_by = $2",
        [person.id, owner.id],
      );
      await made('token.create', String(token?.['id']), owner);
    }
    await made('producer.create', producer.id, owner);
    await made('producer.hook-rotate', producer.id, owner);
    await made('bridge.create', bridge.id, user);
    await made('account.create', account.id, user);
    await made('account.resume', account.id, admin);
    const named = await w.json(w.as(tokens.user, 'GET', `/api/v1/producers/${producer.id}`));
    expect(named.instruments).toEqual(expect.arrayContaining(['EURUSD', 'GBPUSD', 'USDJPY', 'XAUUSD']));
    for (const symbol of named.instruments) await made('instrument.put', symbol, owner);
    await w.json(w.as(tokens.user, 'GET', `/api/v1/accounts/${account.id}`));
  });
}
