// Many at once: exactly one wins, and all the others are told which.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { CONNECTIONS } from './http-call.ts';
import type { Ask } from './runtime.ts';
import { type Signer, signedAsk } from './signed-ask.ts';
import { inLanes, until } from './world.ts';

const MANY = 200;

export function concurrencyContract({ test, ...w }: Contract): void {
  /** Sends them all; one must be stored, every other must name it. Gives the reasons that were named. */
  const oneWinner = async (producer: Signer, asks: readonly Ask[]): Promise<Set<string>> => {
    const answers = await inLanes(asks.length, CONNECTIONS, async (i) => {
      const answer = await w.rt.call(asks[i] as Ask);
      return { status: answer.status, body: (await answer.json()) as Json };
    });
    const winners = answers.filter((a) => a.status === 201);
    const losers = answers.filter((a) => a.status === 409);
    expect([winners.length, losers.length]).toEqual([1, asks.length - 1]);
    const id = winners[0]?.body.id;
    expect(new Set(losers.map((l) => l.body.existing_id))).toEqual(new Set([id]));
    expect(await w.rt.query('SELECT id FROM signals WHERE producer_id = $1', [producer.id])).toEqual([
      { id },
    ]);
    expect(await w.count('SELECT count(*) FROM deliveries WHERE signal_id = $1', id)).toBe(1);
    expect(await w.count('SELECT count(*) FROM audit_log WHERE subject_id = $1', id)).toBe(1);
    expect(await w.count("SELECT count(*) FROM outbox WHERE payload->>'signal_id' = $1", id)).toBe(1);
    return new Set(losers.map((l) => l.body.duplicate_of));
  };
  const repeated = (ask: Ask): Ask[] => Array.from({ length: MANY }, () => ask);

  test('stores one of 200 identical requests and tells the 199 others which, without a 5xx', async () => {
    const producer = await w.producer();
    const ask = signedAsk(producer, JSON.stringify(w.signal()));
    expect(await oneWinner(producer, repeated(ask))).toEqual(new Set(['replay']));
  });

  test('stores one of 200 requests with the same external_id and nonces of their own', async () => {
    const producer = await w.producer();
    const body = JSON.stringify(w.signal());
    const asks = Array.from({ length: MANY }, () => signedAsk(producer, body));
    expect(await oneWinner(producer, asks)).toEqual(new Set(['external_id']));
  });

  test('stores one of 200 requests that only the window makes the same', async () => {
    const producer = await w.producer();
    const body = (i: number) => JSON.stringify({ instrument: 'EURUSD', side: 'buy', price: `1.${i + 1}` });
    const asks = Array.from({ length: MANY }, (_, i) => signedAsk(producer, body(i)));
    expect(await oneWinner(producer, asks)).toEqual(new Set(['window']));
  });

  test('stores one of 200 requests with the same explicit time', async () => {
    const producer = await w.producer();
    const time = new Date().toISOString();
    const body = (i: number) =>
      JSON.stringify({ instrument: 'EURUSD', side: 'sell', price: `1.${i + 1}`, time });
    const asks = Array.from({ length: MANY }, (_, i) => signedAsk(producer, body(i)));
    expect(await oneWinner(producer, asks)).toEqual(new Set(['window']));
  });

  test('stores all of 100 different signals that come at once', async () => {
    const producer = await w.producer();
    const ids = await inLanes(100, CONNECTIONS, async () => (await w.sent(producer)).id);
    expect(new Set(ids).size).toBe(100);
    expect(await w.count('SELECT count(*) FROM signals WHERE producer_id = $1', producer.id)).toBe(100);
    await until('all events are done', async () => {
      const open = await w.count(
        `SELECT count(*) FROM outbox o JOIN signals s ON s.id::text = o.payload->>'signal_id'
         WHERE s.producer_id = $1 AND o.done_at IS NULL`,
        producer.id,
      );
      return open === 0;
    });
  });

  test('lets one of many decisions win, whether they approve or reject', async () => {
    for (let round = 0; round < 5; round += 1) {
      const user = await w.person();
      const producer = await w.producer({}, user);
      await w.account(user, [producer.id]);
      const { id } = await w.sent(producer);
      const answers = await inLanes(20, CONNECTIONS, async (i) => {
        const answer = await w.approve(user, id, { decision: i % 2 === 0 ? 'approved' : 'rejected' });
        return { status: answer.status, body: (await answer.json()) as Json };
      });
      const [winner, ...more] = answers.filter((a) => a.status === 201);
      expect(more).toEqual([]);
      const losers = answers.filter((a) => a.status === 409);
      expect(losers).toHaveLength(19);
      for (const { body } of losers)
        expect(body).toMatchObject({
          type: 'urn:countersign:problem:already-decided',
          existing_id: winner?.body.id,
        });
      const rows = await w.rt.query('SELECT id, decision FROM approvals WHERE signal_id = $1', [id]);
      expect(rows).toEqual([{ id: winner?.body.id, decision: winner?.body.decision === 'approved' ? 1 : 0 }]);
    }
  });

  test('makes one order of an approval while ticks and reconciliations run beside it', async () => {
    const t = await w.trader();
    const stored = await w.approvedSignal(t);
    await Promise.all([...Array.from({ length: 8 }, () => w.reconcile(t.user, t.accountId)), w.rt.tick()]);
    await until('the order is done', async () => (await w.orderOf(t.user, stored.id))?.state === 'done');
    await Promise.all(Array.from({ length: 8 }, () => w.reconcile(t.user, t.accountId)));
    expect(await w.count('SELECT count(*) FROM commands WHERE signal_id = $1', stored.id)).toBe(1);
    const { positions, deals } = await w.brokerAccount(t.login);
    expect(positions).toHaveLength(1);
    const stored_deals = await w.count(
      'SELECT count(*) FROM broker_deals WHERE account_id = $1',
      t.accountId,
    );
    expect(stored_deals).toBe(deals.length);
  });

  test('numbers consents without a gap or a double when several are published at once', async () => {
    const before = await w.consentVersion();
    const answers = await inLanes(8, 8, (i) => w.owner('POST', '/api/v1/consents', { text: `Consent ${i}` }));
    const versions: number[] = [];
    for (const answer of answers)
      if (answer.status === 201) versions.push((await w.json(answer, 201)).version);
      else await w.refusal(answer, 409, 'conflict');
    expect(versions.sort((a, b) => a - b)).toEqual(versions.map((_, i) => before + 1 + i));
    expect(await w.consentVersion()).toBe(before + versions.length);
  });
}
