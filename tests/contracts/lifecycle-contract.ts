// What changes after it was made: cancelled signals, rotated and revoked secrets, people and producers altered.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { until } from './world.ts';

const NOBODY = '018f0000-0000-7000-8000-000000000000';

export function lifecycleContract({ test, ...w }: Contract): void {
  const { tokens } = w.dev;
  const cancel = (token: string, id: string) => w.as(token, 'POST', `/api/v1/signals/${id}/cancel`);
  const rotate = (token: string, id: string, overlap_seconds: number) =>
    w.as(token, 'POST', `/api/v1/producers/${id}/rotate`, { overlap_seconds });
  const patch = (token: string, path: string, body: unknown) => w.as(token, 'PATCH', `/api/v1/${path}`, body);

  test('cancels an undecided signal for its whole audience, for ever, and again is the same', async () => {
    const producer = await w.producer();
    const member = await w.person();
    await w.subscribe(producer, member);
    const { id } = await w.sent(producer);
    await until('the signal has reached the subscriber', async () => {
      return (await w.as(member.token, 'GET', `/api/v1/signals/${id}`)).status === 200;
    });
    await w.refusal(cancel(member.token, id), 403, 'forbidden');
    await w.refusal(cancel(tokens.other, id), 403, 'forbidden');
    await w.refusal(cancel(tokens.other, NOBODY), 404, 'not-found');
    for (let i = 0; i < 2; i += 1)
      expect((await w.json(cancel(producer.owner.token, id))).status).toBe('cancelled');
    expect((await w.statusOf(member, id)).status).toBe('cancelled');
    await w.refusal(w.approve(member, id, { decision: 'rejected' }), 409, 'signal-not-open');
    const audit = await w.rt.query(
      "SELECT 1 FROM audit_log WHERE subject_id = $1 AND action = 'signal.cancel'",
      [id],
    );
    expect(audit).toHaveLength(1);
  });

  test('lets an admin cancel, and nobody a signal whose order was made', async () => {
    const { id } = await w.sent(await w.producer());
    expect((await w.json(cancel(tokens.admin, id))).status).toBe('cancelled');
    const t = await w.trader();
    const stored = await w.approvedSignal(t);
    await until('the order is done', async () => (await w.orderOf(t.user, stored.id))?.state === 'done');
    await w.refusal(cancel(t.user.token, stored.id), 409, 'signal-not-open');
    expect((await w.brokerAccount(t.login)).positions).toHaveLength(1);
  });

  test('has one end when cancel and approval meet: cancelled and no order, or an order', async () => {
    for (let round = 0; round < 4; round += 1) {
      const t = await w.trader();
      const { ask } = await w.quote('EURUSD');
      const { id } = await w.sent(t.producer, { price: ask });
      const [approval, cancelled] = await Promise.all([w.approve(t.user, id), cancel(t.user.token, id)]);
      expect([201, 409]).toContain(approval.status);
      expect([200, 409]).toContain(cancelled.status);
      const end = await until('the signal has come to its end', async () => {
        await w.reconcile(t.user, t.accountId);
        const { status } = await w.statusOf(t.user, id);
        return ['executed', 'cancelled'].includes(status) ? (status as string) : null;
      });
      const { positions } = await w.brokerAccount(t.login);
      expect([end, cancelled.status, positions.length]).toEqual(
        end === 'cancelled' ? ['cancelled', 200, 0] : ['executed', 409, 1],
      );
    }
  });

  test('takes a rotated secret at once, and the old one for its overlap only', async () => {
    const producer = await w.producer();
    await w.sent(producer);
    await w.refusal(rotate(tokens.other, producer.id, 60), 403, 'forbidden');
    await w.refusal(rotate(tokens.other, NOBODY, 60), 404, 'not-found');
    await w.refusal(rotate(producer.owner.token, producer.id, -1), 422, 'invalid-body');
    const next = await w.json(rotate(producer.owner.token, producer.id, 3600), 201);
    const renewed = { ...producer, secret: next.secret };
    await w.sent(renewed);
    await w.sent(producer);
    const last = await w.json(rotate(producer.owner.token, producer.id, 0), 201);
    await w.sent({ ...producer, secret: last.secret });
    for (const old of [producer, renewed]) await w.refusal(w.send(old, w.signal()), 401, 'unauthorized');
    const versions = [next, last].map((r: Json) => r.version);
    expect(versions).toEqual([2, 3]);
  });

  test('revokes a producer at once and for ever', async () => {
    const producer = await w.producer();
    const revoke = (token: string) => w.as(token, 'POST', `/api/v1/producers/${producer.id}/revoke`);
    await w.sent(producer);
    await w.refusal(revoke(tokens.other), 403, 'forbidden');
    await w.sent(producer);
    for (let i = 0; i < 2; i += 1) expect((await w.json(revoke(producer.owner.token))).revoked).toBe(true);
    for (let i = 0; i < 3; i += 1) await w.refusal(w.send(producer, w.signal()), 401, 'unauthorized');
    await w.refusal(rotate(producer.owner.token, producer.id, 0), 409, 'conflict');
    await w.refusal(patch(tokens.admin, `producers/${producer.id}`, { name: 'x' }), 409, 'conflict');
  });

  test('sends no order to a bridge that was revoked', async () => {
    const t = await w.trader();
    const [row] = await w.rt.query('SELECT bridge_id FROM accounts WHERE id = $1', [t.accountId]);
    const path = `/api/v1/bridges/${row?.['bridge_id']}/revoke`;
    await w.refusal(w.as(tokens.other, 'POST', path), 403, 'forbidden');
    await w.json(w.as(t.user.token, 'POST', path));
    const stored = await w.approvedSignal(t);
    const seen = await until('the approval has come to its end', async () => {
      const found = await w.statusOf(t.user, stored.id);
      return found.status === 'failed' ? found : null;
    });
    expect(seen.refusal).toEqual(expect.any(String));
    expect((await w.brokerState()).journal.filter((entry: Json) => entry.login === t.login)).toEqual([]);
  });

  test('changes a producer for admins alone, in force with the next signal', async () => {
    const producer = await w.producer();
    const path = `producers/${producer.id}`;
    await w.sent(producer, { instrument: 'GBPUSD' });
    await w.refusal(patch(producer.owner.token, path, { name: 'x' }), 403, 'forbidden');
    await w.refusal(patch(tokens.admin, path, { owner_id: NOBODY }), 422, 'invalid-body');
    await w.refusal(patch(tokens.admin, path, { instruments: ['NOSUCH'] }), 422, 'invalid-body');
    await w.refusal(patch(tokens.admin, `producers/${NOBODY}`, { name: 'x' }), 404, 'not-found');
    const changes = { instruments: ['EURUSD'], max_age_seconds: 1 };
    expect(await w.json(patch(tokens.admin, path, changes))).toMatchObject(changes);
    await w.refusal(w.send(producer, w.signal({ instrument: 'GBPUSD' })), 422, 'invalid-body');
    const time = new Date(Date.now() - 10_000).toISOString();
    expect((await w.sent(producer, { time })).stale).toBe(true);
    const target = `/api/v1/${path}`;
    expect(await w.json(w.as(producer.owner.token, 'GET', target))).toMatchObject(changes);
    await w.refusal(w.as(tokens.other, 'GET', target), 403, 'forbidden');
  });

  test('disables a person at once, and lets only an owner change owners, admins and roles', async () => {
    const [person, admin] = [await w.person(), await w.person('admin')];
    await w.json(w.as(person.token, 'GET', '/api/v1/me'));
    await w.refusal(patch(person.token, `users/${person.id}`, { name: 'x' }), 403, 'forbidden');
    await w.refusal(patch(tokens.admin, `users/${admin.id}`, { disabled: true }), 403, 'forbidden');
    await w.refusal(patch(tokens.admin, `users/${person.id}`, { role: 'admin' }), 403, 'forbidden');
    await w.json(patch(tokens.admin, `users/${person.id}`, { disabled: true }));
    await w.refusal(w.as(person.token, 'GET', '/api/v1/me'), 401, 'unauthorized');
    await w.json(patch(tokens.admin, `users/${person.id}`, { disabled: false }));
    await w.json(w.as(person.token, 'GET', '/api/v1/me'));
    expect((await w.json(patch(tokens.owner, `users/${admin.id}`, { role: 'user' }))).role).toBe('user');
    await w.refusal(w.as(admin.token, 'GET', '/api/v1/users'), 403, 'forbidden');
  });

  test('keeps one owner who is not disabled', async () => {
    const { id } = await w.json(w.as(tokens.owner, 'GET', '/api/v1/me'));
    for (const change of [{ role: 'user' }, { disabled: true }])
      await w.refusal(patch(tokens.owner, `users/${id}`, change), 409, 'conflict');
    await w.json(w.as(tokens.owner, 'GET', '/api/v1/users'));
  });

  test('takes a member out of an audience: himself, or by an admin; what he has seen stays', async () => {
    const producer = await w.producer();
    const member = await w.person();
    await w.subscribe(producer, member);
    const path = `/api/v1/subscriptions/${producer.id}/${member.id}`;
    const { id } = await w.sent(producer);
    await until('the signal has reached the subscriber', async () => {
      return (await w.as(member.token, 'GET', `/api/v1/signals/${id}`)).status === 200;
    });
    await w.refusal(w.as(tokens.other, 'DELETE', path), 403, 'forbidden');
    expect((await w.as(member.token, 'DELETE', path)).status).toBe(204);
    await w.refusal(w.as(member.token, 'DELETE', path), 404, 'not-found');
    await w.json(w.as(member.token, 'GET', `/api/v1/signals/${id}`));
    const after = await w.sent(producer);
    await until('the next signal was fanned out', () =>
      w.count(
        "SELECT count(*) FROM outbox WHERE done_at IS NOT NULL AND payload->>'signal_id' = $1",
        after.id,
      ),
    );
    await w.refusal(w.as(member.token, 'GET', `/api/v1/signals/${after.id}`), 403, 'forbidden');
  });

  test('shows the audit log to owner and admin alone, by action and by subject', async () => {
    const { id } = await w.sent(await w.producer());
    await w.json(cancel(tokens.admin, id));
    const entries = async (query: string) =>
      (await w.json(w.as(tokens.admin, 'GET', `/api/v1/audit?${query}`))).items;
    expect((await entries(`subject=${id}`)).map((e: Json) => e.action)).toEqual([
      'signal.cancel',
      'signal.create',
    ]);
    expect(await entries(`subject=${id}&action=signal.create`)).toHaveLength(1);
    await w.refusal(w.as(tokens.user, 'GET', '/api/v1/audit'), 403, 'forbidden');
  });

  test('shows one account to its user, owner and admin alone', async () => {
    const t = await w.trader();
    const target = `/api/v1/accounts/${t.accountId}`;
    for (const token of [t.user.token, tokens.owner, tokens.admin])
      expect(await w.json(w.as(token, 'GET', target))).toMatchObject({ id: t.accountId, login: t.login });
    await w.refusal(w.as(tokens.other, 'GET', target), 403, 'forbidden');
    await w.refusal(w.as(tokens.other, 'GET', `/api/v1/accounts/${NOBODY}`), 404, 'not-found');
  });
}
