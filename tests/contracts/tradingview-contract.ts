// The hook that TradingView calls, and the list of what was refused.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { CONNECTIONS } from './http-call.ts';
import { SIGNALS } from './signed-ask.ts';
import { inLanes, type Producer, until } from './world.ts';

export function tradingviewContract({ test, ...w }: Contract): void {
  const rotate = async (
    producer: Producer,
    body: unknown = {},
    token = producer.owner.token,
  ): Promise<Json> => w.json(w.as(token, 'POST', `/api/v1/producers/${producer.id}/hook/rotate`, body), 201);
  const hook = async (producer: Producer): Promise<string> => new URL((await rotate(producer)).url).pathname;
  const send = (target: string, body: string | object, type?: string) =>
    w.rt.call({
      ...{ method: 'POST', target, body: typeof body === 'string' ? body : JSON.stringify(body) },
      headers: { 'content-type': type ?? (typeof body === 'string' ? 'text/plain' : 'application/json') },
    });
  const told = (target: string, body: string | object, type?: string): Promise<Json> =>
    w.json(send(target, body, type), 200);
  const alert = (over: object = {}) => ({
    ...{ ticker: 'OANDA:XAUUSD', action: 'buy', close: '2035.1', order_id: 'Long', comment: 'entry' },
    ...{ timenow: new Date(Date.now() - 1000).toISOString(), contracts: '1' },
    ...over,
  });
  const refusals = async (token: string, query = ''): Promise<Json[]> =>
    (await w.json(w.as(token, 'GET', `${SIGNALS}/refused${query}`))).items;
  const signalsOf = (producer: Producer) =>
    w.rt.query('SELECT id, intent, trust FROM signals WHERE producer_id = $1 ORDER BY created_at, id', [
      producer.id,
    ]);

  test('stores an alert as JSON or as plain words, by trust tradingview, for its audience', async () => {
    const producer = await w.producer();
    const target = await hook(producer);
    for (const [body, instrument, price] of [
      [alert(), 'XAUUSD', '2035.1'],
      ['sell EURUSD @ 1.1050', 'EURUSD', '1.105'],
    ] as const) {
      const { outcome, id } = await told(target, body);
      expect(outcome).toBe('created');
      const signal = await w.json(w.as(producer.owner.token, 'GET', `${SIGNALS}/${id}`));
      expect(signal).toMatchObject({
        id,
        instrument,
        price,
        trust: 'tradingview',
        status: 'new',
        stale: false,
      });
      const done = () => w.rt.query(`SELECT done_at FROM outbox WHERE payload->>'signal_id' = $1`, [id]);
      await until('the event is done', async () => (await done())[0]?.['done_at']);
    }
  });

  test('answers an equal alert 200 and names the first, also at the hot standby of the same scope', async () => {
    const producer = await w.producer();
    const standby = await w.producer({ dedup_scope: producer.id }, producer.owner);
    const stranger = await w.producer({}, producer.owner);
    const [target, beside, elsewhere] = await Promise.all([producer, standby, stranger].map(hook));
    for (const body of [alert(), 'buy GBPUSD @ 1.3']) {
      const first = await told(target ?? '', body);
      for (const again of [target, beside])
        expect(await told(again ?? '', body)).toMatchObject({ outcome: 'duplicate', existing_id: first.id });
      expect((await told(elsewhere ?? '', body)).outcome).toBe('created');
    }
    expect([await signalsOf(producer), await signalsOf(standby)].map((s) => s.length)).toEqual([2, 0]);
    const lost = { name: 'x', instruments: ['EURUSD'], dedup_scope: producer.id.replace(/.$/, 'z') };
    await w.refusal(w.owner('POST', '/api/v1/producers', lost), 422, 'invalid-body');
    const nobody = { ...lost, dedup_scope: '00000000-0000-7000-8000-000000000000' };
    await w.refusal(w.owner('POST', '/api/v1/producers', nobody), 422, 'invalid-body');
  });

  test('stores one of 40 equal alerts that come at once, and the 39 others name it', async () => {
    const producer = await w.producer();
    const target = await hook(producer);
    for (const body of [alert(), 'buy EURUSD @ 1.1']) {
      const answers = await inLanes(40, CONNECTIONS, () => told(target, body));
      const [winner, ...more] = answers.filter((a) => a.outcome === 'created');
      expect(more).toEqual([]);
      const others = answers.filter((a) => a.outcome === 'duplicate');
      expect(others.map((o) => o.existing_id)).toEqual(Array(39).fill(winner.id));
    }
    expect(await signalsOf(producer)).toHaveLength(2);
  });

  test('keeps an exit and an entry of one bar, and makes both of an alert that turns a position round', async () => {
    const producer = await w.producer();
    const target = await hook(producer);
    const at = { timenow: new Date(Date.now() - 1000).toISOString() };
    const out = alert({ ...at, market_position: 'flat', prev_market_position: 'short' });
    const into = alert({ ...at, market_position: 'long', prev_market_position: 'flat' });
    for (const body of [out, into, out, into]) await told(target, body);
    expect((await signalsOf(producer)).map((s) => s['intent'])).toEqual(['close', 'open']);
    const turn = alert({ action: 'sell', market_position: 'short', prev_market_position: 'long' });
    const { id, exit } = await told(target, turn);
    expect((await signalsOf(producer)).slice(2)).toEqual([
      { id: exit.id, intent: 'close', trust: 'tradingview' },
      { id, intent: 'open', trust: 'tradingview' },
    ]);
  });

  test('answers a refusal 200 with its problem and lists it, masked, for the owner and those above', async () => {
    const producer = await w.producer();
    const target = await hook(producer);
    const { outcome, problem } = await told(target, {
      ticker: 'XAUUSD',
      passphrase: 'hunter2',
      close: 'NaN',
    });
    expect([outcome, problem.status]).toEqual(['refused', 422]);
    await told(target, 'nothing of sense token=hunter2');
    await told(target, 'buy XAUUSD @ 1', 'image/png');
    await told(target, '{"a":NaN}');
    const listed = await until('the refusals are kept', async () => {
      const items = await refusals(producer.owner.token);
      return items.length === 4 && items;
    });
    expect(listed.map((r) => [r.lane, r.reason]).sort()).toEqual([
      ['tradingview', 'invalid-body'],
      ['tradingview', 'invalid-body'],
      ['tradingview', 'invalid-json'],
      ['tradingview', 'unsupported-media-type'],
    ]);
    expect(JSON.stringify(listed)).not.toContain('hunter2');
    expect(listed.some((r) => r.excerpt.includes('"passphrase":"***"'))).toBe(true);
    for (const token of [w.dev.tokens.owner, w.dev.tokens.admin])
      expect(await refusals(token, `?producer_id=${producer.id}`)).toHaveLength(4);
    expect(await refusals(w.dev.tokens.other, `?producer_id=${producer.id}`)).toEqual([]);
    expect(await signalsOf(producer)).toEqual([]);
  });

  test('keeps what a proven sender was refused in the signed lane, and nothing of one that proves nothing', async () => {
    const producer = await w.producer();
    await w.refusal(w.send(producer, { instrument: 'EURUSD', secret: 'hunter2' }), 422, 'invalid-body');
    await w.refusal(w.send(producer, '{'), 400, 'invalid-json');
    await w.refusal(w.send(producer, w.signal({ instrument: 'NOTHERE' })), 422, 'invalid-body');
    const first = w.signal();
    await w.json(w.send(producer, first), 201);
    await w.refusal(w.send(producer, first), 409, 'duplicate-signal');
    await w.refusal(w.send({ ...producer, secret: 'whsec_d3Jvbmc=' }, '{'), 401, 'unauthorized');
    const kept = () => refusals(producer.owner.token);
    const items = await until('three are kept', async () => {
      const found = await kept();
      return found.length >= 3 && found;
    });
    expect(items.map((r) => r.reason).sort()).toEqual(['invalid-body', 'invalid-body', 'invalid-json']);
    expect(JSON.stringify(items)).not.toContain('hunter2');
  });

  test('knows no token but a live one: 404, without a word of the token, which no table holds', async () => {
    const producer = await w.producer();
    const first = await hook(producer);
    const unknown = `/hooks/tradingview/${'A'.repeat(43)}`;
    for (const target of [unknown, `${first}A`, '/hooks/tradingview/x']) {
      const body = await w.refusal(send(target, 'buy XAUUSD @ 1'), 404, 'not-found');
      expect(JSON.stringify(body)).not.toContain(target.split('/').at(-1));
    }
    const second = await rotate(producer, { overlap_seconds: 600 });
    expect(second).toMatchObject({ version: 2, old_expires_at: expect.any(String) });
    await told(first, 'buy XAUUSD @ 2');
    await told(new URL(second.url).pathname, 'buy XAUUSD @ 3');
    await rotate(producer, { overlap_seconds: 0 });
    for (const target of [first, new URL(second.url).pathname])
      await w.refusal(send(target, 'buy XAUUSD @ 4'), 404, 'not-found');
    const token = String(first.split('/').at(-1));
    expect(await w.count('SELECT count(*) FROM producer_hooks WHERE token_sha256 = $1', token)).toBe(0);
  });

  test('makes a hook for the producer’s owner and admins alone', async () => {
    const producer = await w.producer();
    const target = `/api/v1/producers/${producer.id}/hook/rotate`;
    await w.refusal(w.as(w.dev.tokens.other, 'POST', target, {}), 403, 'forbidden');
    await w.refusal(w.owner('POST', target, { overlap_seconds: -1 }), 422, 'invalid-body');
    const { url } = await rotate(producer, {}, w.dev.tokens.admin);
    expect(url).toMatch(/^https?:\/\/[^/]+\/hooks\/tradingview\/[A-Za-z0-9_-]{43}$/);
    await w.json(w.as(producer.owner.token, 'POST', `/api/v1/producers/${producer.id}/revoke`));
    await w.refusal(w.owner('POST', target, {}), 409, 'conflict');
    await w.refusal(send(new URL(url).pathname, 'buy XAUUSD @ 1'), 404, 'not-found');
  });

  test('keeps 413 and 429, and is never broken by what is sent', async () => {
    const producer = await w.producer({ rate_per_minute: 100_000 });
    const target = await hook(producer);
    await w.refusal(send(target, 'x'.repeat(40_000)), 413, 'payload-too-large');
    const junk = ['', '\u0000', '{"a":"\\u0000"}', '{"a":"\\ud800"}', '[]', 'null', '"x"', '{"close":1e999}'];
    const deep = `{"payload":${'['.repeat(5000)}${']'.repeat(5000)}}`;
    const nul = `buy XAUUSD @ 1 comment=a\u0000b`;
    for (const body of [...junk, deep, nul, 'buy \uFFFD @ 1', '{"__proto__":1}', 'buy XAUUSD @ 1e400'])
      for (const type of ['text/plain', 'application/json'])
        expect((await told(target, body, type)).outcome, body).toBe('refused');
    const slow = await w.producer({ rate_per_minute: 1 });
    const limited = await hook(slow);
    const answers = await inLanes(30, 4, (i) => send(limited, `buy XAUUSD @ ${i + 1}`));
    const refused = answers.filter((a) => a.status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(await signalsOf(slow)).toHaveLength(30 - refused.length);
  });

  test('is in dev.json for the demo producer', async () => {
    const { tradingview_url: url, id } = w.dev.producer;
    expect(url).toEqual(expect.any(String));
    const { outcome } = await told(new URL(String(url)).pathname, alert());
    expect(outcome).toBe('created');
    expect(
      await w.count(`SELECT count(*) FROM signals WHERE producer_id = $1 AND trust = 'tradingview'`, id),
    ).toBe(1);
  });
}
