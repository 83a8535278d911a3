// What a well-signed signal is answered, and what a body must be.
import { expect } from 'vitest';
import type { Contract } from './contract-suite.ts';
import { SIGNALS, signedAsk } from './signed-ask.ts';
import { unique, until } from './world.ts';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const MAX_BYTES = 32_768;

export function ingestContract({ test, ...w }: Contract): void {
  const stored = (externalId: string) =>
    w.count('SELECT count(*) FROM signals WHERE external_id = $1', externalId);

  test('answers 201 with the whole signal, its Location, and prices without trailing zeros', async () => {
    const producer = await w.producer();
    const external_id = unique();
    const time = new Date(Date.now() - 1000).toISOString();
    const body = {
      ...{ instrument: 'EURUSD', side: 'sell', price: '1.10000', stop_loss: 1.25, take_profit: '1.00' },
      ...{ time, external_id, strategy: 'fib', timeframe: 'H1', payload: { a: [1, { b: null }] } },
    };
    const answer = await w.send(producer, body);
    const location = answer.headers.get('location');
    const signal = await w.json(answer, 201);
    expect(signal).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      user_id: producer.owner.id,
      producer_id: producer.id,
      ...{ instrument: 'EURUSD', side: 'sell', price: '1.1', stop_loss: '1.25', take_profit: '1' },
      ...{ intent: 'open', order_type: 'market', order_expires_at: null, max_slippage_points: null },
      ...{ time, version: '1', external_id, strategy: 'fib', timeframe: 'H1', schema: 1 },
      ...{ payload: { a: [1, { b: null }] }, status: 'new', refusal: null, trust: 'signed', stale: false },
      expires_at: expect.stringMatching(ISO),
      created_at: expect.stringMatching(ISO),
      updated_at: expect.stringMatching(ISO),
    });
    expect(location).toBe(`${SIGNALS}/${signal.id}`);
    expect(Date.parse(signal.expires_at) - Date.parse(signal.created_at)).toBe(4 * 3_600_000);
    const stored = await w.json(w.as(producer.owner.token, 'GET', location ?? ''));
    expect(stored).toEqual({ ...signal, chart_url: `${SIGNALS}/${signal.id}/chart` });
  });

  test('shows a signal to its audience and to owner and admin, and 403 to a stranger', async () => {
    const producer = await w.producer();
    const { id } = await w.sent(producer);
    const target = `${SIGNALS}/${id}`;
    const { tokens } = w.dev;
    for (const token of [producer.owner.token, tokens.owner, tokens.admin])
      expect((await w.json(w.as(token, 'GET', target))).id).toBe(id);
    await w.refusal(w.as(tokens.other, 'GET', target), 403, 'forbidden');
    for (const unknown of [id.replace(/.$/, id.endsWith('0') ? '1' : '0'), 'nonsense', id.toUpperCase()])
      await w.refusal(w.as(tokens.owner, 'GET', `${SIGNALS}/${unknown}`), 404, 'not-found');
  });

  test('commits the row, the owner’s delivery, one audit row and one event together', async () => {
    const producer = await w.producer();
    const { id } = await w.sent(producer);
    const event = () => w.rt.query("SELECT * FROM outbox WHERE payload->>'signal_id' = $1", [id]);
    expect(await w.count('SELECT count(*) FROM signals WHERE id = $1', id)).toBe(1);
    expect(await w.rt.query('SELECT user_id, status FROM deliveries WHERE signal_id = $1', [id])).toEqual([
      { user_id: producer.owner.id, status: 0 },
    ]);
    expect(await w.rt.query('SELECT action, actor_id FROM audit_log WHERE subject_id = $1', [id])).toEqual([
      { action: 'signal.create', actor_id: producer.id },
    ]);
    expect(await event()).toHaveLength(1);
    await until('the event is done', async () => (await event())[0]?.['done_at']);
  });

  test('names the request of a 201 in its audit row', async () => {
    const answer = await w.send(await w.producer(), w.signal());
    const requestId = answer.headers.get('x-request-id');
    const { id } = await w.json(answer, 201);
    const rows = await w.rt.query('SELECT request_id FROM audit_log WHERE subject_id = $1', [id]);
    expect(rows).toEqual([{ request_id: requestId }]);
  });

  test('takes a body of exactly the limit and refuses one more byte', async () => {
    const producer = await w.producer();
    const padded = (length: number) => {
      const frame = JSON.stringify(w.signal({ payload: { pad: '' } }));
      return frame.replace('"pad":""', `"pad":"${'x'.repeat(length - frame.length)}"`);
    };
    await w.json(w.send(producer, padded(MAX_BYTES)), 201);
    await w.refusal(w.send(producer, padded(MAX_BYTES + 1)), 413, 'payload-too-large');
  });

  test('judges the size before anything else, with and without a Content-Length, up to 2 MB', async () => {
    const sizes = [MAX_BYTES + 1, 200_000, 2_000_000];
    for (const size of sizes)
      for (const chunked of [false, true]) {
        const ask = { method: 'POST', target: SIGNALS, body: Buffer.alloc(size, 0xff), chunked };
        await w.refusal(w.rt.call(ask), 413, 'payload-too-large');
      }
  });

  test('takes a good body that came without a Content-Length', async () => {
    await w.json(w.send(await w.producer(), w.signal(), { chunked: true }), 201);
  });

  test('refuses with 415 what is not JSON by type, whatever the bytes are', async () => {
    const producer = await w.producer();
    const external_id = unique();
    for (const type of ['text/plain', 'application/jsonx', 'application/x-www-form-urlencoded', '']) {
      const headers = { 'content-type': type };
      const answer = w.send(producer, w.signal({ external_id }), { headers });
      await w.refusal(answer, 415, 'unsupported-media-type');
    }
    expect(await stored(external_id)).toBe(0);
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' };
    await w.json(w.send(producer, w.signal({ external_id }), { headers }), 201);
  });

  test('refuses with 400 what is not JSON', async () => {
    const producer = await w.producer();
    const texts = [
      '',
      '{',
      '{}x',
      "{'a':1}",
      '{"a":01}',
      '{"a":1,}',
      '[1 2]',
      '\uFEFF{}',
      'nul',
      '{"a":NaN}',
    ];
    for (const text of texts) await w.refusal(w.send(producer, text), 400, 'invalid-json');
    const bytes = Buffer.from([0x7b, 0xff, 0x7d]);
    await w.refusal(w.rt.call(signedAsk(producer, bytes)), 400, 'invalid-json');
  });

  test('names every fault of a body at once, each by its pointer, and stores nothing', async () => {
    const producer = await w.producer();
    const external_id = unique();
    const body = {
      ...{ instrument: 'eurusd', side: 'hold', price: '-1', order_type: 'iceberg', version: 'a b' },
      ...{ time: 'yesterday', stop_loss: '1e3', payload: [], external_id, 'a/b~c': 1 },
    };
    const { errors } = await w.refusal(w.send(producer, body), 422, 'invalid-body');
    const pointers = errors.map((e: { pointer: string }) => e.pointer);
    for (const key of [
      'instrument',
      'side',
      'price',
      'order_type',
      'version',
      'time',
      'stop_loss',
      'payload',
    ])
      expect(pointers).toContain(`/${key}`);
    expect(pointers).toContain('/a~1b~0c');
    expect(await stored(external_id)).toBe(0);
  });

  test('asks for everything that a body lacks', async () => {
    const { errors } = await w.refusal(w.send(await w.producer(), '{}'), 422, 'invalid-body');
    expect(errors.map((e: { pointer: string }) => e.pointer).sort()).toEqual([
      '/instrument',
      '/price',
      '/side',
    ]);
  });

  test('refuses prices out of range, with an exponent, too fine, or longer than a double holds', async () => {
    const producer = await w.producer();
    const wrong = [
      '"0"',
      '"1000000"',
      '"1.123456789"',
      '1e2',
      '"1e2"',
      '"+1"',
      '".5"',
      '1.234567890123456',
      '-1',
    ];
    for (const price of wrong) {
      const text = JSON.stringify(w.signal({ price: 0 })).replace('"price":0', `"price":${price}`);
      const { errors } = await w.refusal(w.send(producer, text), 422, 'invalid-body');
      expect(errors[0].pointer, price).toBe('/price');
    }
    for (const price of ['999999.99999999', '0.00000001', 123456.12345678])
      expect((await w.sent(producer, { price })).price).toBe(String(price).replace(/^1e-8$/, '0.00000001'));
  });

  test('refuses stops and targets on the wrong side of the price', async () => {
    const producer = await w.producer();
    const buy = { side: 'buy', price: '1.1', stop_loss: '1.2', take_profit: '1.0' };
    for (const body of [buy, { ...buy, side: 'sell', stop_loss: '1.0', take_profit: '1.2' }]) {
      const { errors } = await w.refusal(w.send(producer, w.signal(body)), 422, 'invalid-body');
      const pointers = errors.map((e: { pointer: string }) => e.pointer);
      expect(pointers).toEqual(['/stop_loss', '/take_profit']);
    }
  });

  test('refuses a time too far ahead, and a deadline that has passed or is over 7 days away', async () => {
    const producer = await w.producer();
    const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
    const wrong: [string, string][] = [
      ['time', at(330)],
      ['expires_at', at(-1)],
      ['expires_at', at(7 * 86_400 + 60)],
      ['order_expires_at', at(-1)],
    ];
    for (const [key, value] of wrong) {
      const { errors } = await w.refusal(w.send(producer, w.signal({ [key]: value })), 422, 'invalid-body');
      expect(errors[0].pointer).toBe(`/${key}`);
    }
    await w.sent(producer, { time: at(240), expires_at: at(7 * 86_400 - 60) });
  });

  test('says which schema versions it takes when it refuses one', async () => {
    const answer = w.send(await w.producer(), w.signal({ schema: 2 }));
    expect((await w.refusal(answer, 422, 'invalid-body')).supported).toEqual([1]);
  });

  test('marks a signal older than the producer’s max_age as stale, and stores it', async () => {
    const producer = await w.producer({ max_age_seconds: 60 });
    const at = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
    expect((await w.sent(producer, { time: at(120) })).stale).toBe(true);
    expect((await w.sent(producer, { time: at(20) })).stale).toBe(false);
  });

  test('refuses an instrument that the producer does not send or that is not enabled, at once', async () => {
    const symbol = `T${unique().toUpperCase()}`;
    const put = (enabled: boolean) =>
      w.json(w.owner('POST', '/api/v1/instruments', { symbol, digits: 2, enabled }), 201);
    await put(true);
    const producer = await w.producer({ instruments: [symbol] });
    const refused = async (instrument: string) => {
      const answer = w.send(producer, w.signal({ instrument }));
      const { errors } = await w.refusal(answer, 422, 'invalid-body');
      expect(errors[0].pointer).toBe('/instrument');
    };
    await w.sent(producer, { instrument: symbol });
    await refused('EURUSD');
    await put(false);
    await refused(symbol);
    await put(true);
    await w.sent(producer, { instrument: symbol });
  });

  test('allows a producer its rate, then answers 429 with the limit’s headers and stores nothing', async () => {
    const producer = await w.producer({ rate_per_minute: 2 });
    const limit = 2 * w.rt.rateScale;
    let accepted = 0;
    let refused: Response | null = null;
    while (refused === null && accepted <= 3 * limit) {
      const answer = await w.send(producer, w.signal());
      if (answer.status === 429) refused = answer;
      else {
        expect(answer.status).toBe(201);
        accepted += 1;
      }
    }
    if (refused === null) throw new Error(`no 429 after ${accepted} signals, ${limit} a minute allowed`);
    expect(accepted).toBeGreaterThanOrEqual(limit);
    for (const name of ['retry-after', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'])
      expect(refused.headers.get(name), name).toMatch(/^\d+$/);
    expect(refused.headers.get('ratelimit-limit')).toBe(String(limit));
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await w.refusal(refused, 429, 'rate-limited');
    expect(await w.count('SELECT count(*) FROM signals WHERE producer_id = $1', producer.id)).toBe(accepted);
  });
}
