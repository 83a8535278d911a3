import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare, isPlainDecimal, plain } from '../../functions/platform/decimal.ts';
import { parseStrictJson } from '../../functions/platform/strict-json.ts';
import { contentDigest } from '../../functions/signals/content-digest.ts';
import { readSignalBody, type SignalBody } from '../../functions/signals/signal-body.ts';
import { caseCensus, runs } from '../support/property.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const at = (offsetMs: number): string => new Date(NOW + offsetMs).toISOString();
const SIGNAL = { instrument: 'EURUSD', side: 'buy', price: '1.1' };

/** Judges a JSON text as the endpoint does. */
function judge(text: string) {
  const parsed = parseStrictJson(new TextEncoder().encode(text), 32);
  if (parsed.kind !== 'json') throw new Error(`the test’s own JSON is ${parsed.kind}`);
  return readSignalBody(parsed.value, parsed.topLevelNumbers, NOW);
}
const withMembers = (members: Record<string, unknown>): string => JSON.stringify({ ...SIGNAL, ...members });
const faultsOf = (text: string): string[] => {
  const result = judge(text);
  return result.ok ? [] : result.faults.map((f) => f.pointer);
};
function accepted(text: string): SignalBody {
  const result = judge(text);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.signal;
}

describe('a signal', () => {
  it('of the three members it must have gets the contract’s defaults', () => {
    expect(accepted(withMembers({}))).toEqual({
      instrument: 'EURUSD',
      side: 'buy',
      price: '1.1',
      intent: 'open',
      order_type: 'market',
      version: '1',
      schema: 1,
      timeMs: NOW,
      timeGiven: false,
      expiresMs: NOW + 4 * 3_600_000,
      orderExpiresMs: null,
      content: {
        instrument: 'EURUSD',
        side: 'buy',
        price: '1.1',
        intent: 'open',
        order_type: 'market',
        version: '1',
        schema: 1,
      },
    });
  });

  it('keeps every member that it was given', () => {
    const full = {
      intent: 'close',
      order_type: 'limit',
      stop_loss: '1.05',
      take_profit: '1.2',
      order_expires_at: at(86_400_000),
      max_slippage_points: 0,
      time: at(-60_000),
      expires_at: at(60_000),
      version: 'v1.0_b-2',
      external_id: 'order 1 / é',
      strategy: 'fib-rsi',
      timeframe: 'H1',
      schema: 1,
      payload: { a: [1, { b: null }] },
    };
    expect(accepted(withMembers(full)).content).toEqual({ ...SIGNAL, ...full });
    expect(accepted(withMembers(full))).toMatchObject({
      timeMs: NOW - 60_000,
      timeGiven: true,
      expiresMs: NOW + 60_000,
      orderExpiresMs: NOW + 86_400_000,
    });
  });

  it.each([
    ['instrument', ['', 'E', 'A'.repeat(21), 'eurusd', 'EUR/USD', 'EUR USD', 'ÉUR', 1, null]],
    ['side', ['BUY', 'long', '', 1, null]],
    ['intent', ['OPEN', 'flip', null]],
    ['order_type', ['stop_limit', 'Market', null]],
    ['max_slippage_points', [-1, 1.5, '5', 1_000_001, null]],
    ['version', ['', 'v'.repeat(21), 'v 1', 'é', 1]],
    ['external_id', ['', 'x'.repeat(101), 'a\nb', '\u007f', 5, null]],
    ['strategy', ['', 'x'.repeat(101), '\t']],
    ['timeframe', ['', 'x'.repeat(21)]],
    ['schema', [2, 0, '1', null]],
    ['payload', [[], 'text', 5, null]],
    ['price', ['', 'abc', '-1', '+1', '1e3', '01', '1.', '.5', ' 1', '1,5', true, null, [], {}]],
  ])('is refused with a wrong %s at its pointer', (name, values) => {
    for (const value of values)
      expect(faultsOf(withMembers({ [name]: value })), `${value}`).toContain(`/${name}`);
  });

  it.each([
    ['instrument', ['AB', 'A'.repeat(20), 'US30.CASH', '_X']],
    ['max_slippage_points', [0, 1_000_000]],
    ['version', ['a', 'v'.repeat(20)]],
    ['external_id', ['x', 'x'.repeat(100), '🙂 ü']],
  ])('is accepted with %s at the edge of what fits', (name, values) => {
    for (const value of values) expect(faultsOf(withMembers({ [name]: value })), `${value}`).toEqual([]);
  });

  it.each(['instrument', 'side', 'price'])('without %s is refused at its pointer', (name) => {
    const rest = Object.fromEntries(Object.entries(SIGNAL).filter(([key]) => key !== name));
    expect(faultsOf(JSON.stringify(rest))).toEqual([`/${name}`]);
  });

  it.each(['null', '[]', '"text"', '5', 'true', '[{"instrument":"EURUSD"}]'])(
    'that is %s is refused',
    (text) => {
      expect(judge(text).ok).toBe(false);
    },
  );

  it('with a member that nobody knows is refused, and the pointer names it', () => {
    expect(faultsOf(withMembers({ stop: 1, 'take~profit/x': 2 }))).toEqual(['/stop', '/take~0profit~1x']);
  });

  it('of a schema that we do not speak says so, so that the sender can step down', () => {
    expect(judge(withMembers({ schema: 2 }))).toMatchObject({ ok: false, schema: true });
    expect(judge(withMembers({ side: 'x' }))).toMatchObject({ ok: false, schema: false });
  });

  it('reports all its faults at once, those between members too', () => {
    const text =
      '{"instrument":"x","side":"buy","price":"1","stop_loss":1.2345678901234567,"take_profit":"0.5",' +
      `"time":"${at(300_001)}","expires_at":"${at(-1)}","order_expires_at":"${at(0)}","version":"","more":1}`;
    expect([...new Set(faultsOf(text))].sort()).toEqual([
      '/expires_at',
      '/instrument',
      '/more',
      '/order_expires_at',
      '/stop_loss',
      '/take_profit',
      '/time',
      '/version',
    ]);
  });
});

describe('a price', () => {
  it.each([
    ['"1.10000"', '1.1'],
    ['1.10000', '1.1'],
    ['"0.00000001"', '0.00000001'],
    ['0.00000001', '0.00000001'],
    ['999999.99999999', '999999.99999999'],
    ['"999999.99999999"', '999999.99999999'],
    ['999999', '999999'],
    ['123456.123456789'.slice(0, 15), '123456.12345678'],
  ])('%s is kept as %s', (json, expected) => {
    expect(accepted(`{"instrument":"EURUSD","side":"buy","price":${json}}`).price).toBe(expected);
  });

  it.each([
    ['zero', '0'],
    ['zero as text', '"0.00"'],
    ['negative zero', '-0'],
    ['negative', '-1.5'],
    ['a million', '1000000'],
    ['a million as text', '"1000000.0"'],
    ['an exponent', '1e3'],
    ['a small exponent', '11E-1'],
    ['nine decimal places', '"1.000000001"'],
    ['a number with nine decimal places', '1.000000001'],
  ])('that is %s is refused', (_what, json) => {
    expect(faultsOf(`{"instrument":"EURUSD","side":"buy","price":${json}}`)).toContain('/price');
  });

  it('as a number has at most 15 significant digits, as text it may have more: send a string', () => {
    const of = (price: string) => judge(`{"instrument":"EURUSD","side":"buy","price":${price}}`);
    expect(of('1234567.12345678'.slice(1)).ok, '14 digits').toBe(true);
    expect(of('100000.000000000').ok, '15 digits with their zeros').toBe(true);
    const long = of('100000.0000000000');
    expect(long.ok ? [] : long.faults.map((f) => f.detail)).toEqual([
      'has more than 15 significant digits: send a string',
    ]);
    expect(of('0.0000000000000001').ok, 'leading zeros do not count, places do').toBe(false);
  });

  it('within bounds is the same number in and out, as text or as a JSON number', () => {
    const census = caseCensus('as a number', 'as text', '14 digits');
    const price = fc.tuple(fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: 0, max: 99_999_999 }));
    fc.assert(
      fc.property(price, fc.boolean(), ([whole, fraction], asText) => {
        fc.pre(whole + fraction > 0);
        const text = `${whole}.${String(fraction).padStart(8, '0')}`;
        const digits = text.replace('.', '').replace(/^0+/, '').length;
        const json = asText ? `"${text}"` : text;
        const result = judge(`{"instrument":"EURUSD","side":"sell","price":${json}}`);
        census.note('as a number', !asText);
        census.note('as text', asText);
        census.note('14 digits', digits === 14);
        if (!result.ok) throw new Error(JSON.stringify(result.faults));
        expect(isPlainDecimal(result.signal.price)).toBe(true);
        expect(compare(result.signal.price, text)).toBe(0);
        expect(result.signal.price).toBe(plain(text));
      }),
      runs(300),
    );
    census.expectAllMet();
  });
});

describe('times', () => {
  it.each([
    ['2026-11-21T12:00:00Z', NOW],
    ['2026-11-21T12:00:00.5Z', NOW + 500],
    ['2026-11-21T13:00:00+01:00', NOW],
    ['2026-11-21T06:30:00-05:30', NOW],
  ])('%s is read by its offset', (time, ms) => {
    expect(accepted(withMembers({ time })).timeMs).toBe(ms);
  });

  it.each([
    '2026-11-21T12:00:00',
    '2026-11-21',
    '2026-02-30T12:00:00Z',
    '2026-11-21 12:00:00Z',
    '1760000000',
    '',
    'now',
    '0000-01-01T00:00:00Z',
    '1969-12-31T23:59:59Z',
    1_760_000_000,
    null,
  ])('%j is no time of a signal', (time) => {
    expect(faultsOf(withMembers({ time }))).toEqual(['/time']);
  });

  it('an order may not be good until a year that nothing can store', () => {
    expect(faultsOf(withMembers({ order_expires_at: '9999-12-31T23:59:59-12:00' }))).toEqual([
      '/order_expires_at',
    ]);
    expect(faultsOf(withMembers({ order_expires_at: '9999-12-30T23:59:59Z' }))).toEqual([]);
  });

  it.each([
    ['time', 300_000, 300_001],
    ['expires_at', 7 * 86_400_000, 7 * 86_400_000 + 1],
    ['expires_at', 1, 0],
    ['order_expires_at', 1, 0],
  ])('%s may be %d ms from now and not %d', (name, good, bad) => {
    expect(faultsOf(withMembers({ [name]: at(good) }))).toEqual([]);
    expect(faultsOf(withMembers({ [name]: at(bad) }))).toEqual([`/${name}`]);
  });

  it('a time may lie as far back as it likes: staleness is judged when it is stored', () => {
    expect(accepted(withMembers({ time: at(-365 * 86_400_000) })).timeGiven).toBe(true);
  });
});

describe('stops', () => {
  it.each([
    ['buy', '1.05', '1.2', []],
    ['sell', '1.2', '1.05', []],
    ['buy', '1.1', '1.1', ['/stop_loss', '/take_profit']],
    ['sell', '1.1', '1.10', ['/stop_loss', '/take_profit']],
    ['buy', '1.2', '1.2', ['/stop_loss']],
    ['buy', '1.05', '1.05', ['/take_profit']],
    ['sell', '1.05', '1.05', ['/stop_loss']],
    ['sell', '1.2', '1.2', ['/take_profit']],
  ])('of a %s at 1.1 with stop %s and target %s', (side, stop_loss, take_profit, faults) => {
    expect(faultsOf(withMembers({ side, stop_loss, take_profit }))).toEqual(faults);
  });

  it('of a close are not judged: it opens nothing', () => {
    expect(faultsOf(withMembers({ intent: 'close', stop_loss: '1.2', take_profit: '1.0' }))).toEqual([]);
  });

  it('are compared as numbers and not as text', () => {
    expect(faultsOf(withMembers({ price: '10', stop_loss: '9' }))).toEqual([]);
    expect(faultsOf(withMembers({ price: '9', stop_loss: '10' }))).toEqual(['/stop_loss']);
  });
});

describe('the content of two bodies', () => {
  const digest = async (text: string): Promise<string> => contentDigest(accepted(text).content);

  it('that say the same is the same: number form, key order, white space and defaults do not count', async () => {
    const one = '{"instrument":"EURUSD","side":"buy","price":"1.10","payload":{"a":1,"b":100}}';
    const same = [
      '{"payload":{"b":1e2,"a":1.0},"price":1.1,"side":"buy","instrument":"EURUSD"}',
      '{ "instrument" : "EURUSD",\n"side":"buy", "price":"1.1000", "payload":{"a":1,"b":100.00}, "version":"1" }',
      '{"instrument":"EURUSD","side":"buy","price":1.1,"intent":"open","order_type":"market","schema":1,"payload":{"a":1,"b":100}}',
    ];
    const expected = await digest(one);
    for (const text of same) expect(await digest(text)).toBe(expected);
  });

  it('that say something else differs, a given time included', async () => {
    const base = await digest(withMembers({}));
    const others = [
      { price: '1.2' },
      { side: 'sell' },
      { time: at(0) },
      { payload: {} },
      { external_id: 'x' },
    ];
    const digests = await Promise.all(others.map((o) => digest(withMembers(o))));
    expect(new Set([base, ...digests]).size).toBe(others.length + 1);
  });

  it('with the same moment in two zones is the same', async () => {
    expect(await digest(withMembers({ time: '2026-11-21T12:00:00Z' }))).toBe(
      await digest(withMembers({ time: '2026-11-21T13:00:00.000+01:00' })),
    );
  });
});
