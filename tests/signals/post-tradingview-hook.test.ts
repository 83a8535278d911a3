import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rotateHook } from '../../functions/identity/hook-store.ts';
import { hookToken, hookTokenHash } from '../../functions/identity/hook-token.ts';
import { PRODUCER } from '../../functions/identity/signing-party.ts';
import { revokeParty } from '../../functions/identity/signing-party-store.ts';
import { callApp } from '../support/app-call.ts';
import { auditOf, type MadeProducer, makeProducer, makeUser, type Stage } from '../support/organisation.ts';
import { runs } from '../support/property.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let stage: Stage;
let t: TestDatabase;
let producer: MadeProducer;
let token: string;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
beforeEach(async () => {
  producer = await makeProducer(stage, await makeUser(stage));
  token = await hookOf(producer.id);
});
afterAll(() => t?.drop());

async function hookOf(producerId: string, overlapMs = 0): Promise<string> {
  const made = hookToken(stage.deps.ids.randomBytes(32));
  const hash = await hookTokenHash(made);
  const audit = auditOf(stage.deps, producerId, 'producer.hook-rotate');
  expect(await rotateHook(t.db, producerId, hash ?? '', audit.nowMs + overlapMs, audit)).toBeGreaterThan(0);
  return made;
}

type Told = { outcome: string; id?: string; existing_id?: string; duplicate_of?: string; exit?: Told };
type Answer = Told & { problem?: { type: string; errors?: { pointer: string }[]; instance: string } };

const post = (body: string | Uint8Array<ArrayBuffer>, type = 'text/plain; charset=utf-8', to = token) =>
  callApp(stage.deps, `/hooks/tradingview/${to}`, {
    method: 'POST',
    body,
    headers: { 'content-type': type },
  });
async function alert(body: string | object, to = token): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await post(text, typeof body === 'string' ? 'text/plain' : 'application/json', to);
  expect(answer.status).toBe(200);
  return answer.json() as Promise<Answer>;
}
const fired = (over: object = {}) => ({
  ...{ ticker: 'OANDA:XAUUSD', action: 'buy', close: '2035.1', order_id: 'Long' },
  timenow: new Date(stage.deps.clock.nowMs() - 1000).toISOString(),
  ...over,
});
const rows = (text: string) => t.sql(text, [producer.id]);
const signals = () =>
  rows(`SELECT id, intent, side, trust, price, stale, payload FROM signals WHERE producer_id = $1
    ORDER BY created_at, id`);
const refusals = () =>
  rows('SELECT lane, reason, errors, excerpt FROM refusals WHERE producer_id = $1 ORDER BY created_at');

describe('an alert at the hook', () => {
  it('is stored with delivery, audit row and event, by trust tradingview, and its event goes out', async () => {
    stage.deps.sent.splice(0);
    const told = await alert(fired());
    expect(told).toEqual({ outcome: 'created', id: expect.any(String) });
    const found = await signals();
    expect(found).toMatchObject([
      { id: told.id, trust: 'tradingview', price: '2035.10000000', stale: false, intent: 'open' },
    ]);
    expect(await t.sql('SELECT user_id FROM deliveries WHERE signal_id = $1', [told.id])).toHaveLength(1);
    expect(await t.sql('SELECT actor_id FROM audit_log WHERE subject_id = $1', [told.id])).toEqual([
      { actor_id: producer.id },
    ]);
    const [event] = await t.sql("SELECT id FROM outbox WHERE payload->>'signal_id' = $1", [told.id]);
    expect(stage.deps.sent).toEqual([{ kind: 'outbox', id: event?.['id'] }]);
  });

  it('is one signal of 40 equal ones at once, and the 39 others name it', async () => {
    for (const body of [fired(), 'buy EURUSD @ 1.1']) {
      const told = await Promise.all(Array.from({ length: 40 }, () => alert(body)));
      const created = told.filter((a) => a.outcome === 'created');
      expect(created).toHaveLength(1);
      const others = told.filter((a) => a.outcome !== 'created');
      expect(others).toEqual(
        others.map(() => ({ outcome: 'duplicate', existing_id: created[0]?.id, duplicate_of: 'window' })),
      );
    }
    expect(await signals()).toHaveLength(2);
    expect(await refusals()).toEqual([]);
  });

  it('is known for ever where it carries a time, and for the window where it does not', async () => {
    const timed = fired();
    const [first, untimed] = [await alert(timed), await alert('sell XAUUSD @ 2035.1')];
    stage.deps.clock.advance(299_999);
    expect(await alert('sell XAUUSD @ 2035.10')).toMatchObject({ existing_id: untimed.id });
    expect(await alert('sell XAUUSD @ 2035.2')).toMatchObject({ outcome: 'created' });
    stage.deps.clock.advance(1);
    expect(await alert('sell XAUUSD @ 2035.1')).toMatchObject({ outcome: 'created' });
    stage.deps.clock.advance(400 * 86_400_000);
    expect(await alert(timed)).toMatchObject({ outcome: 'duplicate', existing_id: first.id });
  });

  it('is the same at the hot standby that shares its dedup scope, and another at any other producer', async () => {
    const standby = await makeProducer(stage, producer.ownerId, { dedupScope: producer.id });
    const stranger = await makeProducer(stage, producer.ownerId);
    for (const body of [fired(), 'buy EURUSD @ 1.1']) {
      const first = await alert(body);
      expect(await alert(body, await hookOf(standby.id))).toMatchObject({ existing_id: first.id });
      expect(await alert(body, await hookOf(stranger.id))).toMatchObject({ outcome: 'created' });
    }
  });

  it('is kept beside its twin of the same bar: an exit and an entry of the same side and second', async () => {
    const at = fired().timenow;
    const exit = { ...fired({ timenow: at, order_id: 'Short', market_position: 'flat' }) };
    const entry = { ...fired({ timenow: at, market_position: 'long', prev_market_position: 'flat' }) };
    for (const body of [exit, entry, exit, entry]) {
      await alert(body);
      stage.deps.clock.advance(1);
    }
    expect(await signals()).toMatchObject([{ intent: 'close' }, { intent: 'open' }]);
    for (const text of ['close buy EURUSD @ 1.1', 'buy EURUSD @ 1.1']) await alert(text);
    expect(await signals()).toHaveLength(4);
  });

  it('that turns a position round is two signals, the exit first, and again is both again', async () => {
    for (const over of [{}, { external_id: 'own' }]) {
      stage.deps.sent.splice(0);
      stage.deps.clock.advance(1);
      const turn = fired({
        market_position: 'long',
        prev_market_position: 'short',
        ...over,
        ...{ order_id: JSON.stringify(over) },
      });
      const told = await alert(turn);
      expect(told).toMatchObject({ outcome: 'created', exit: { outcome: 'created' } });
      const stored = (await signals()).slice(-2);
      expect(stored.map((s) => [s['id'], s['intent']])).toEqual([
        [told.exit?.id, 'close'],
        [told.id, 'open'],
      ]);
      const events = await t.sql(
        `SELECT id, payload->>'signal_id' AS signal FROM outbox WHERE payload->>'signal_id' IN ($1, $2) ORDER BY id`,
        [told.id, told.exit?.id],
      );
      expect(events.map((e) => e['signal'])).toEqual([told.exit?.id, told.id]);
      expect(stage.deps.sent.map((m) => ('id' in m ? m.id : ''))).toEqual(events.map((e) => e['id']));
      expect(await alert(turn)).toMatchObject({
        ...{ outcome: 'duplicate', existing_id: told.id },
        exit: { outcome: 'duplicate', existing_id: told.exit?.id },
      });
    }
  });

  it('with an external_id of its own and other content is refused, and that is kept', async () => {
    const first = await alert(fired({ external_id: 'x' }));
    const told = await alert(fired({ external_id: 'x', close: '2036' }));
    expect(told).toMatchObject({
      outcome: 'refused',
      problem: { type: 'urn:countersign:problem:idempotency-mismatch', existing_id: first.id },
    });
    expect(await refusals()).toMatchObject([{ lane: 'tradingview', reason: 'idempotency-mismatch' }]);
  });

  it('older than the producer’s max_age is stored, stale', async () => {
    await alert(fired({ timenow: new Date(stage.deps.clock.nowMs() - 901_000).toISOString() }));
    expect(await signals()).toMatchObject([{ stale: true }]);
  });
});

describe('what the hook refuses', () => {
  it('is answered 200 with its problem, and kept with its reason and its masked beginning', async () => {
    const cases: [string, string, string][] = [
      ['{"ticker":"XAUUSD","passphrase":"hunter2"}', 'application/json', 'invalid-body'],
      ['{"close":NaN,"token":"hunter2"}', 'text/plain', 'invalid-json'],
      ['what token=hunter2', 'text/plain', 'invalid-body'],
      ['buy XAUUSD @ 2035.1', 'application/x-www-form-urlencoded', 'unsupported-media-type'],
      ['buy GBPUSD @ 1.3', 'text/plain', 'invalid-body'],
      ['', 'text/plain', 'invalid-body'],
    ];
    for (const [text, type, reason] of cases) {
      stage.deps.clock.advance(1);
      const answer = await post(text, type);
      expect(answer.status).toBe(200);
      const told = (await answer.json()) as Answer;
      expect(told).toMatchObject({
        outcome: 'refused',
        problem: { type: `urn:countersign:problem:${reason}`, instance: '/hooks/tradingview/:token' },
      });
    }
    const kept = await refusals();
    expect(kept.map((r) => r['reason'])).toEqual(cases.map(([, , reason]) => reason));
    expect(JSON.stringify(kept)).not.toContain('hunter2');
    expect(kept[0]).toMatchObject({ excerpt: '{"ticker":"XAUUSD","passphrase":"***"}' });
    expect(kept[0]?.['errors']).toContainEqual({ pointer: '/side', detail: expect.any(String) });
    expect(await signals()).toEqual([]);
  });

  it('is 413 over the limit, kept too, and 404 for whoever has no live token, of which nothing is kept', async () => {
    const big = 'x'.repeat(40_000);
    expect((await post(big)).status).toBe(413);
    expect(await refusals()).toMatchObject([{ reason: 'payload-too-large', excerpt: '' }]);
    const before = await t.sql('SELECT count(*)::int AS n FROM refusals');
    for (const wrong of [hookToken(new Uint8Array(32)), 'junk', `${token}x`])
      for (const body of ['nonsense', big]) {
        const answer = await post(body, 'text/plain', wrong);
        expect(answer.status).toBe(404);
        expect(await answer.json()).toMatchObject({ type: 'urn:countersign:problem:not-found' });
      }
    expect(await t.sql('SELECT count(*)::int AS n FROM refusals')).toEqual(before);
  });

  it('is everything from the moment that its token’s overlap or its producer ends, though it was remembered', async () => {
    await alert('buy XAUUSD @ 1');
    const second = await hookOf(producer.id, 60_000);
    expect(await alert('buy XAUUSD @ 2')).toMatchObject({ outcome: 'created' });
    expect(await alert('buy XAUUSD @ 3', second)).toMatchObject({ outcome: 'created' });
    stage.deps.clock.advance(59_999);
    await alert('buy XAUUSD @ 4');
    stage.deps.clock.advance(1);
    expect((await post('buy XAUUSD @ 5')).status).toBe(404);
    const third = await hookOf(producer.id, 60_000);
    await alert('buy XAUUSD @ 6', second);
    const fourth = await hookOf(producer.id, 60_000);
    expect((await post('buy XAUUSD @ 7', 'text/plain', second)).status).toBe(404);
    for (const live of [third, fourth]) await alert(`buy XAUUSD @ 8`, live);
    await revokeParty(t.db, PRODUCER, producer.id, auditOf(stage.deps, producer.id));
    for (const over of [third, fourth])
      expect((await post('buy XAUUSD @ 9', 'text/plain', over)).status).toBe(404);
  });

  it('is a 429 past the producer’s rate, which leaves no row', async () => {
    const { limiter } = stage.deps;
    const taken: string[] = [];
    stage.deps.limiter = {
      take: (key, limit) => {
        taken.push(key);
        return { allowed: !key.startsWith('producer:'), limit, remaining: 0, resetSeconds: 9 };
      },
    };
    const answer = await post('nonsense');
    stage.deps.limiter = limiter;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '9']);
    expect(taken).toEqual([`producer:${producer.id}`]);
    expect([await signals(), await refusals()]).toEqual([[], []]);
  });
});

describe('the hook’s token', () => {
  it('stands in no log, no answer and no table', async () => {
    stage.deps.lines.splice(0);
    const answers = [
      await post('buy XAUUSD @ 2035.1'),
      await post(`see ${token} and https://x/hooks/tradingview/${token} key=${token}`),
      await post('nonsense', 'image/png'),
      await post('x'.repeat(40_000)),
      await callApp(stage.deps, `/hooks/tradingview/${token}/more`, { method: 'POST', body: 'x' }),
      await callApp(stage.deps, `/hooks/tradingview/${token}`),
    ];
    for (const answer of answers) {
      const told = `${await answer.text()} ${JSON.stringify([...answer.headers])}`;
      expect(told).not.toContain(token);
    }
    expect(JSON.stringify(stage.deps.lines)).not.toContain(token);
    expect(stage.deps.lines.map((l) => l.name)).toContain('POST /hooks/tradingview/:token');
    for (const table of ['signals', 'producer_hooks', 'audit_log', 'outbox'])
      expect(JSON.stringify(await t.sql(`SELECT * FROM ${table}`)), table).not.toContain(token);
  });
});

describe('whatever is sent to the hook', () => {
  it('is answered 200, and each stored signal has all that belongs to it', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc
        .tuple(
          fc.constantFrom('buy', 'sell', 'close sell', 'long'),
          fc.constantFrom('XAUUSD', 'FX:EURUSD', 'GBPUSD', '\u0000'),
          fc.double({ min: 0, max: 2e6 }),
          fc.string({ unit: 'binary', maxLength: 20 }),
        )
        .map(([a, b, price, more]) => `${a} ${b} @ ${price} ${more}`),
      fc
        .record(
          {
            ticker: fc.constantFrom('XAUUSD', 'OANDA:EURUSD', 'x', ''),
            action: fc.constantFrom('buy', 'sell', 'close', 'hold'),
            close: fc.oneof(fc.integer({ min: 1, max: 2000 }).map(String), fc.jsonValue({ maxDepth: 1 })),
            market_position: fc.constantFrom('long', 'short', 'flat'),
            prev_market_position: fc.constantFrom('long', 'short', 'flat'),
            comment: fc.string({ unit: 'binary' }),
            order_id: fc.string({ unit: 'binary' }),
            payload: fc.jsonValue({ maxDepth: 2 }),
            external_id: fc.string({ maxLength: 3 }),
          },
          { requiredKeys: ['ticker', 'action', 'close'] },
        )
        .map((v) => JSON.stringify(v)),
    );
    const types = fc.constantFrom('application/json', 'text/plain');
    let created = 0;
    await fc.assert(
      fc.asyncProperty(text, types, async (body, type) => {
        const answer = await post(body, type);
        expect(answer.status).toBe(200);
        const told = (await answer.json()) as Answer;
        expect(told.outcome).toMatch(/^(created|duplicate|refused)$/);
        if (told.outcome === 'created') created += 1;
        if (told.exit?.outcome === 'created') created += 1;
      }),
      runs(250),
    );
    expect(created).toBeGreaterThan(0);
    const [whole] = await rows(
      `SELECT count(*)::int AS signals, count(d.user_id)::int AS deliveries, count(a.id)::int AS audit,
         count(o.id)::int AS events
       FROM signals s LEFT JOIN deliveries d ON d.signal_id = s.id
       LEFT JOIN audit_log a ON a.subject_id = s.id::text
       LEFT JOIN outbox o ON o.payload->>'signal_id' = s.id::text WHERE s.producer_id = $1`,
    );
    expect(whole).toEqual({ signals: created, deliveries: created, audit: created, events: created });
    expect(stage.deps.lines.filter((l) => l.kind === 'fault')).toEqual([]);
  });
});
