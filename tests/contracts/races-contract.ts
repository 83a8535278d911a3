// Races between different things: decisions, cancellation and expiry of one signal; batches of the same keys; rotation
// and revocation under load; the fan-out while its audience changes. Whatever wins, the rows agree with the answers.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { CONNECTIONS } from './http-call.ts';
import { SIGNALS, type Signer, signedAsk } from './signed-ask.ts';
import { inLanes, type Person, unique, until } from './world.ts';

const BATCH = `${SIGNALS}/batch`;
const EXPIRED = 6;
/** A round's deadline: one that nobody lives to see, and one that is waited for. */
const [FAR_MS, NEAR_MS] = [3_600_000, 500];
/** Longer than a timer may come too early. */
const SURELY_MS = 20;

const KINDS = ['approved', 'rejected', 'cancel'] as const;
/** How a signal may end of which the first has been answered; an approval may still be withdrawn. */
const ENDS_BEHIND: Readonly<Record<string, readonly string[]>> = {
  ...{ approved: ['approved', 'cancelled'], rejected: ['rejected'], cancel: ['cancelled'] },
};

type Said = { status: number; body: Json };
const slugOf = ({ body }: Said): string => String(body?.type).replace('urn:countersign:problem:', '');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export function racesContract({ test, ...w }: Contract): void {
  const said = async (answer: Promise<Response>): Promise<Said> => {
    const got = await answer;
    return { status: got.status, body: await got.json() };
  };
  const cancel = (user: Person, id: string) => said(w.as(user.token, 'POST', `${SIGNALS}/${id}/cancel`));
  const statusRow = async (id: string, user: Person): Promise<unknown> =>
    (
      await w.rt.query('SELECT status FROM deliveries WHERE signal_id = $1 AND user_id = $2', [id, user.id])
    )[0]?.['status'];

  /** What the books hold of the signal's end; it must be what the answers said, and nothing besides. */
  const judge = async (user: Person, id: string, decisions: Said[], cancels: Said[]): Promise<string> => {
    const won = decisions.filter((d) => d.status === 201).map((d) => d.body);
    expect(won.length, 'decisions that won').toBeLessThanOrEqual(1);
    const [winner] = won;
    for (const loser of decisions.filter((d) => d.status !== 201)) {
      expect(loser.status, JSON.stringify(loser.body)).toBe(409);
      if (slugOf(loser) === 'already-decided') expect(loser.body.existing_id).toBe(winner?.id);
      else expect(slugOf(loser)).toBe('signal-not-open');
    }
    for (const c of cancels.filter((one) => one.status !== 200))
      expect([c.status, slugOf(c)]).toEqual([409, 'signal-not-open']);
    const cancelled = cancels.some((c) => c.status === 200);
    const rows = await w.rt.query('SELECT id, decision FROM approvals WHERE signal_id = $1', [id]);
    expect(rows).toEqual(winner ? [{ id: winner.id, decision: winner.decision === 'approved' ? 1 : 0 }] : []);
    const audit = await w.rt.query('SELECT action FROM audit_log WHERE subject_id = $1 ORDER BY action', [
      id,
    ]);
    const decided = winner ? [`signal.${winner.decision}`] : [];
    expect(audit.map((a) => a['action'])).toEqual(
      [...decided, 'signal.create', ...(cancelled ? ['signal.cancel'] : [])].sort(),
    );
    const events = await w.rt.query(
      "SELECT topic FROM outbox WHERE payload->>'signal_id' = $1 AND topic LIKE 'approval.%'",
      [id],
    );
    expect(events.map((e) => e['topic'])).toEqual(winner ? [`approval.${winner.decision}`] : []);
    const { status } = await w.statusOf(user, id);
    // An approval may be withdrawn while it is unsent; a rejection and an expiry are ends.
    if (cancelled) {
      expect(winner?.decision).not.toBe('rejected');
      expect(status).toBe('cancelled');
      return 'cancelled';
    }
    if (winner?.decision === 'approved') expect(['approved', 'failed']).toContain(status);
    else expect(status).toBe(winner ? 'rejected' : 'expired');
    return winner?.decision ?? 'expired';
  };

  /** A signal that is stored with a deadline so far away, or further where the machine took as long to store it. */
  const livingFor = async (producer: Signer, lifeMs: number): Promise<{ id: string; deadlineMs: number }> => {
    const deadlineMs = Date.now() + lifeMs;
    const expires_at = new Date(deadlineMs).toISOString();
    const { status, body } = await said(w.send(producer, w.signal({ expires_at })));
    if (status === 201) return { id: body.id, deadlineMs };
    expect([status, body.errors]).toEqual([422, [{ pointer: '/expires_at', detail: 'has passed' }]]);
    return livingFor(producer, lifeMs * 2);
  };

  test('gives approve, reject, cancel and the passing of the deadline one winner, and all rows agree with it', async () => {
    const user = await w.person();
    const producer = await w.producer({}, user);
    await w.account(user, [producer.id]);
    const consent_version = await w.consentVersion();
    const decide = (signal_id: string, decision: string) =>
      said(w.as(user.token, 'POST', '/api/v1/approvals', { signal_id, decision, consent_version }));
    // All come long before the deadline, at once or behind one that has been answered; or around it, with whatever winner that
    // has; or after it, before anybody has swept. What is demanded of a turn holds at any pace.
    const TURNS = ['early', 'led', 'near', 'late'] as const;
    for (let round = 0; round < 3 * TURNS.length; round += 1) {
      const turn = TURNS[round % TURNS.length] ?? 'near';
      const [first, ...others] = [0, 1, 2].map((n) => KINDS[(n + Math.floor(round / TURNS.length)) % 3]);
      const far = turn === 'early' || turn === 'led';
      const { id, deadlineMs } = await livingFor(producer, far ? FAR_MS : NEAR_MS);
      const untilDeadline = (aheadMs: number) => pause(Math.max(deadlineMs - Date.now() - aheadMs, 0));
      const act = async (kind: string): Promise<[string, Said]> => [
        kind,
        kind === 'cancel' ? await cancel(user, id) : await decide(id, kind),
      ];
      const led = turn === 'led' ? [await act(String(first))] : [];
      const contend = async (i: number) => {
        if (turn === 'near') await untilDeadline(9 - (i % 6) * 3);
        if (turn === 'late') await untilDeadline(-SURELY_MS - (i % 6));
        if (turn === 'late') expect(Date.now()).toBeGreaterThan(deadlineMs);
        return act(String([first, ...others][i % 3]));
      };
      const sweep = async () => {
        if (turn === 'near') await untilDeadline(0);
        if (turn !== 'late') await w.rt.tick();
      };
      const [rest] = await Promise.all([inLanes(12, 12, contend), sweep()]);
      const answers = [...led, ...rest];
      const of = (cancels: boolean) =>
        answers.filter(([k]) => (k === 'cancel') === cancels).map(([, s]) => s);
      const end = await judge(user, id, of(false), of(true));
      if (turn === 'early') expect(end, 'the deadline is far away').not.toBe('expired');
      if (turn === 'led') expect(ENDS_BEHIND[String(first)], `behind ${first}`).toContain(end);
      if (turn === 'late') expect(end).toBe('expired');
      if (end !== 'expired') continue;
      await w.rt.tick();
      expect(await statusRow(id, user)).toBe(EXPIRED);
    }
  });

  test('withdraws what is still open when another member has decided, and refuses where nothing is', async () => {
    const producer = await w.producer();
    const member = await w.person();
    await w.subscribe(producer, member);
    const { id } = await w.sent(producer);
    await until('the signal has reached the subscriber', () =>
      w.count('SELECT count(*) - 1 FROM deliveries WHERE signal_id = $1', id),
    );
    await w.json(w.approve(producer.owner, id, { decision: 'rejected' }), 201);
    for (let i = 0; i < 2; i += 1)
      expect(await cancel(producer.owner, id)).toMatchObject({ status: 200, body: { status: 'rejected' } });
    expect((await w.statusOf(member, id)).status).toBe('cancelled');
    const alone = await w.producer();
    const stored = await w.sent(alone);
    await w.json(w.approve(alone.owner, stored.id, { decision: 'rejected' }), 201);
    expect(slugOf(await cancel(alone.owner, stored.id))).toBe('signal-not-open');
    expect(
      await w.count(
        "SELECT count(*) FROM audit_log WHERE subject_id = $1 AND action = 'signal.cancel'",
        stored.id,
      ),
    ).toBe(0);
  });

  test('stores each key of many batches in opposite and mixed orders once, singles beside them, without a 5xx', async () => {
    const producer = await w.producer();
    const deadlocks = () =>
      w.count('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()');
    const before = await deadlocks();
    const time = new Date().toISOString();
    // Three kinds of key: an external_id, an explicit time, and the window alone; each told apart by its version.
    const kinds = [() => ({ external_id: unique() }), () => ({ time }), () => ({})];
    const signals = Array.from({ length: 45 }, (_, i) => ({
      ...{ instrument: 'EURUSD', side: 'buy', price: '1.1', version: `v${i}` },
      ...kinds[i % 3]?.(),
    }));
    const backwards = signals.map((_, i) => signals.length - 1 - i);
    const turned = (by: number) => signals.map((_, i) => (i * by) % signals.length);
    const orders = [signals.map((_, i) => i), backwards, turned(2), turned(7)];
    const wholes = Array.from({ length: CONNECTIONS }, async (_, n) => {
      const order = orders[n % orders.length] ?? [];
      const body = JSON.stringify({ signals: order.map((i) => signals[i]) });
      const { items } = await w.json(w.rt.call(signedAsk(producer, body, { target: BATCH })), 207);
      return order.map(
        (i, at) => [i, items[at].status, items[at].id ?? items[at].problem.existing_id] as const,
      );
    });
    const singles = signals.map(async (body, i) => {
      const { status, body: told } = await said(w.send(producer, body));
      return [[i, status, told.id ?? told.existing_id] as const];
    });
    const answers = (await Promise.all([...wholes, ...singles])).flat();
    for (const [i] of signals.entries()) {
      const mine = answers.filter(([of]) => of === i);
      expect(mine.map(([, status]) => status).sort()).toEqual([201, ...Array(CONNECTIONS).fill(409)]);
      expect(new Set(mine.map(([, , id]) => id)).size, `names for signal ${i}`).toBe(1);
    }
    const ids = answers.filter(([, status]) => status === 201).map(([, , id]) => id);
    const rows = await w.rt.query('SELECT id FROM signals WHERE producer_id = $1', [producer.id]);
    expect(rows.map((r) => r['id']).sort()).toEqual(ids.sort());
    // One would have been tried again and not have shown in any answer.
    expect(await deadlocks()).toBe(before);
  });

  /** Sends without pause until `stop`; every answer with whether it was asked for after `turned`. */
  const load = (send: () => Promise<Response>) => {
    const state = { turned: false, stop: false };
    const seen: { after: boolean; status: number; id: string | undefined; said: string }[] = [];
    const lane = async () => {
      while (!state.stop) {
        const after = state.turned;
        const { status, body } = await said(send());
        const { request_id, server_time, instance, ...rest } = body;
        seen.push({ after, status, id: body.id, said: status === 201 ? '' : JSON.stringify(rest) });
      }
    };
    const done = Promise.all(Array.from({ length: 8 }, lane));
    const count = (after: boolean) => seen.filter((s) => s.after === after).length;
    const reached = (after: boolean) => until('the load goes on', async () => count(after) >= 40);
    return {
      seen,
      before: () => reached(false),
      turn: () => {
        state.turned = true;
      },
      end: async () => {
        await reached(true).finally(() => {
          state.stop = true;
        });
        await done;
      },
    };
  };
  const storedIds = async (producer: Signer) =>
    (await w.rt.query('SELECT id FROM signals WHERE producer_id = $1', [producer.id]))
      .map((r) => r['id'])
      .sort();

  test('takes nothing by a revoked producer or an ended secret from the moment that is answered, under load', async () => {
    const ends: [string, unknown, number][] = [
      ['revoke', undefined, 200],
      ['rotate', { overlap_seconds: 0 }, 201],
    ];
    for (const [verb, body, answered] of ends) {
      const producer = await w.producer();
      const running = load(() => w.send(producer, w.signal()));
      await running.before();
      const path = `/api/v1/producers/${producer.id}/${verb}`;
      await w.json(w.as(producer.owner.token, 'POST', path, body), answered);
      running.turn();
      await running.end();
      const { seen } = running;
      expect(new Set(seen.filter((s) => s.after).map((s) => s.status))).toEqual(new Set([401]));
      expect(seen.every((s) => s.status === 201 || s.status === 401)).toBe(true);
      expect(new Set(seen.filter((s) => s.status === 401).map((s) => s.said)).size, 'one 401').toBe(1);
      const taken = seen.filter((s) => s.status === 201).map((s) => s.id);
      expect(taken.length).toBeGreaterThan(0);
      expect(await storedIds(producer)).toEqual(taken.sort());
    }
  });

  test('loses no signal to rotations with an overlap, and gives one of several at once the next version', async () => {
    const producer = await w.producer();
    const rotate = () =>
      said(
        w.as(producer.owner.token, 'POST', `/api/v1/producers/${producer.id}/rotate`, {
          overlap_seconds: 600,
        }),
      );
    let current: Signer = producer;
    const running = load(() => w.send(current, w.signal()));
    await running.before();
    const answers = await Promise.all(Array.from({ length: 6 }, rotate));
    const [made, ...more] = answers.filter((a) => a.status === 201);
    // Those that came one after another took versions of their own: the sender has the newest.
    const newest = [made, ...more].sort((a, b) => b?.body.version - a?.body.version)[0]?.body;
    const versions = [made, ...more].map((a) => a?.body.version).sort((a, b) => a - b);
    expect(versions).toEqual(versions.map((_, i) => i + 2));
    for (const a of answers.filter((one) => one.status !== 201))
      expect([a.status, slugOf(a)]).toEqual([409, 'conflict']);
    current = { ...producer, secret: newest.secret };
    running.turn();
    await running.end();
    const { seen } = running;
    expect(new Set(seen.filter((s) => s.after).map((s) => s.status))).toEqual(new Set([201]));
    if (versions.length === 1) expect(new Set(seen.map((s) => s.status))).toEqual(new Set([201]));
    const live = await w.count(
      'SELECT count(*) FROM producer_secrets WHERE producer_id = $1 AND (expires_at IS NULL OR expires_at > now())',
      producer.id,
    );
    expect(live).toBe(2);
  });

  test('delivers once to whoever is in the audience throughout, never to who is not, while others come and go', async () => {
    const producer = await w.producer();
    const [steady, coming, going, never] = await Promise.all(Array.from({ length: 4 }, () => w.person()));
    if (!steady || !coming || !going || !never) throw new Error('four people');
    const leave = (who: Person) =>
      w.as(who.token, 'DELETE', `/api/v1/subscriptions/${producer.id}/${who.id}`);
    const join = (who: Person) =>
      w.owner('POST', '/api/v1/subscriptions', { producer_id: producer.id, user_id: who.id });
    for (const who of [steady, going]) await w.subscribe(producer, who);
    const changes: Promise<number>[] = [];
    const ids = await inLanes(60, CONNECTIONS, async (i) => {
      if (i % 3 === 0) changes.push(join(coming).then((a) => a.status));
      if (i % 3 === 1) changes.push(leave(coming).then((a) => a.status));
      if (i === 30) changes.push(leave(going).then((a) => a.status));
      return (await w.sent(producer)).id as string;
    });
    const told = await Promise.all(changes);
    const times = (status: number) => told.filter((s) => s === status).length;
    expect(told.filter((status) => ![201, 204, 404, 409].includes(status))).toEqual([]);
    await until(
      'every signal is fanned out',
      async () =>
        (await w.count(
          `SELECT count(*) FROM outbox o JOIN signals s ON s.id::text = o.payload->>'signal_id'
         WHERE s.producer_id = $1 AND o.done_at IS NULL`,
          producer.id,
        )) === 0,
    );
    const of = async (who: Person): Promise<number> =>
      w.count(
        'SELECT count(*) FROM deliveries d JOIN signals s ON s.id = d.signal_id WHERE s.producer_id = $1 AND d.user_id = $2',
        producer.id,
        who.id,
      );
    expect([await of(steady), await of(producer.owner), await of(never)]).toEqual([
      ids.length,
      ids.length,
      0,
    ]);
    for (const who of [coming, going]) {
      const target = `${SIGNALS}?page_size=100`;
      const listed: Json[] = (await w.json(w.as(who.token, 'GET', target))).items;
      expect(listed.length).toBe(await of(who));
      const seen = new Set(listed.map((s) => s.id));
      for (const id of ids.filter((_, i) => i % 6 === 0))
        expect((await w.as(who.token, 'GET', `${SIGNALS}/${id}`)).status).toBe(seen.has(id) ? 200 : 403);
    }
    const audited = async (action: string) =>
      w.count('SELECT count(*) FROM audit_log WHERE subject_id = $1 AND action = $2', producer.id, action);
    expect(await audited('subscription.create')).toBe(2 + times(201));
    expect(await audited('subscription.delete')).toBe(times(204));
  });
}
