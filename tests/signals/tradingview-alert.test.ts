import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../functions/platform/encoding.ts';
import { type Alert, tradingviewAlert } from '../../functions/signals/tradingview-alert.ts';
import { runs } from '../support/property.ts';

const NOW_MS = Date.parse('2026-03-02T10:00:00.000Z');
const FIRED = '2026-03-02T09:59:58Z';
const FIRED_MS = Date.parse(FIRED);

const read = (alert: string | object, isJson = typeof alert === 'object'): Alert =>
  tradingviewAlert(utf8(typeof alert === 'string' ? alert : JSON.stringify(alert)), isJson, NOW_MS);
const signalsOf = (alert: string | object) => {
  const got = read(alert);
  if (got.kind !== 'signals') throw new Error(JSON.stringify(got));
  return got.signals;
};
const faultsOf = (alert: string | object): [string, string][] => {
  const got = read(alert);
  return got.kind === 'faults' ? got.faults.map((f) => [f.pointer, f.detail]) : [];
};

const strategy = (over: object) => ({
  ...{ ticker: 'OANDA:XAUUSD', action: 'buy', close: '2035.1', contracts: '1', order_id: 'Long' },
  ...{ comment: 'RSI > 40', timenow: FIRED, market_position: 'long', prev_market_position: 'flat' },
  ...over,
});

/** Alerts as people write them, and what each says. */
const TABLE: [string, string | object, object[]][] = [
  ['plain words', 'buy XAUUSD @ 2035.1', [{ instrument: 'XAUUSD', side: 'buy', price: '2035.1' }]],
  [
    'words in capitals, no spaces',
    'SELL eurusd @1.1',
    [{ instrument: 'EURUSD', side: 'sell', price: '1.1' }],
  ],
  ['an exchange before the ticker', 'long OANDA:XAUUSD at 2035', [{ instrument: 'XAUUSD', side: 'buy' }]],
  ['words with stops', 'buy XAUUSD @ 2035 sl 2030 tp=2050', [{ stop_loss: '2030', take_profit: '2050' }]],
  ['words that close', 'close sell XAUUSD @ 2035.1', [{ intent: 'close', side: 'sell' }]],
  ['words with a time', `buy XAUUSD @ 2035 time=${FIRED}`, [{ timeGiven: true, timeMs: FIRED_MS }]],
  [
    'our own names',
    { instrument: 'EURUSD', side: 'buy', price: 1.1, stop_loss: '1.0', external_id: 'a1', version: '2' },
    [{ instrument: 'EURUSD', price: '1.1', stop_loss: '1', external_id: 'a1', version: '2' }],
  ],
  [
    'a strategy going in',
    strategy({}),
    [
      {
        instrument: 'XAUUSD',
        side: 'buy',
        intent: 'open',
        price: '2035.1',
        timeMs: FIRED_MS,
        timeGiven: true,
      },
    ],
  ],
  [
    'a strategy going out',
    strategy({ action: 'sell', market_position: 'flat', prev_market_position: 'long' }),
    [{ side: 'sell', intent: 'close' }],
  ],
  [
    'a strategy turning round: the exit before the entry, which alone has the stops',
    strategy({ action: 'sell', market_position: 'short', prev_market_position: 'long', stop_loss: '2040' }),
    [
      { side: 'sell', intent: 'close', order_type: 'market' },
      { side: 'sell', intent: 'open', stop_loss: '2040' },
    ],
  ],
  [
    'a symbol, numbers that are numbers, empty placeholders',
    '{"symbol":"xauusd","action":"BUY","close":2035.10,"sl":"NaN","comment":"","contracts":1}',
    [{ instrument: 'XAUUSD', price: '2035.1', payload: { tradingview: { contracts: '1' } } }],
  ],
  [
    'the price of the order before the price of the bar',
    strategy({ price: '2035.4' }),
    [{ price: '2035.4', payload: { tradingview: expect.objectContaining({ close: '2035.1' }) } }],
  ],
  [
    'a close by its word, the side by the position that is left',
    { ticker: 'XAUUSD', action: 'close', close: '2035.1', prev_market_position: 'short' },
    [{ side: 'buy', intent: 'close' }],
  ],
  [
    'a time in milliseconds and a bar',
    { ticker: 'XAUUSD', action: 'buy', close: '1', time: String(FIRED_MS), interval: '60' },
    [{ timeMs: FIRED_MS, timeframe: '60' }],
  ],
  [
    'a nested template with a passphrase, which is dropped',
    {
      ...{ passphrase: 'hunter2', time: FIRED, exchange: 'OANDA', ticker: 'XAUUSD' },
      bar: { time: '2026-03-02T09:55:00Z', open: 2034, high: 2036, low: 2033, close: 2035, volume: 12 },
      strategy: {
        ...{ position_size: 0, order_action: 'sell', order_contracts: 1, order_price: 2035.5, order_id: 'x' },
        ...{ market_position: 'flat', prev_market_position: 'long' },
      },
    },
    [{ side: 'sell', intent: 'close', price: '2035.5', timeMs: FIRED_MS }],
  ],
];

/** Alerts that are refused, and the members that say why. */
const REFUSED: [string, string | object, string[]][] = [
  ['TradingView’s own default words', 'order buy @ 1 filled on XAUUSD. New strategy position is 1', ['']],
  ['words without a price', 'buy XAUUSD', ['']],
  ['words in another order', 'XAUUSD buy @ 2035', ['']],
  ['nothing', '', ['']],
  ['a zero byte', 'buy XAUUSD @ 2035 comment=\u0000', ['']],
  ['an instrument that is none', 'buy X @ 2035', ['/ticker']],
  ['a member that nobody knows', strategy({ stoploss: '2030' }), ['/stoploss']],
  ['a price that the placeholder left empty', strategy({ close: 'NaN' }), ['/price']],
  ['an exponent', strategy({ close: '2.0e3' }), ['/close']],
  ['an action that is none', strategy({ action: 'hold' }), ['/action']],
  ['a placeholder that was not filled in', strategy({ action: '{{strategy.order.action}}' }), ['/side']],
  ['two tickers', strategy({ symbol: 'EURUSD' }), ['/symbol']],
  ['a position that is none', strategy({ market_position: 'up' }), ['/market_position']],
  ['a part that is closed', strategy({ action: 'sell', prev_market_position: 'long' }), ['/market_position']],
  ['an open that leaves nothing', strategy({ intent: 'open', market_position: 'flat' }), ['/intent']],
  ['a close of nobody knows what', { ticker: 'XAUUSD', action: 'exit', close: '1' }, ['/action']],
  ['a time without an offset', strategy({ timenow: '2026-03-02 10:00' }), ['/timenow']],
  ['a time far ahead', strategy({ timenow: '2026-03-02T10:06:00Z' }), ['/timenow']],
  ['a stop on the winning side', strategy({ sl: '2040' }), ['/sl']],
  ['an array where a text stands', strategy({ comment: ['a'] }), ['/comment']],
  ['several at once', { ticker: '?', action: 'hold', close: '-1' }, ['/ticker', '/action', '/close']],
  ['an array', '[]', ['']],
];

describe('a TradingView alert', () => {
  it.each(TABLE)('is understood: %s', (_what, alert, wanted) => {
    const signals = signalsOf(alert);
    expect(signals.length).toBe(wanted.length);
    for (const [i, signal] of signals.entries()) expect(signal).toMatchObject(wanted[i] ?? {});
    expect(JSON.stringify(signals)).not.toContain('hunter2');
  });

  it.each(REFUSED)('is refused: %s', (_what, alert, pointers) => {
    expect(read(alert, typeof alert === 'object' || alert === '[]').kind).toBe('faults');
    const found = read(alert, typeof alert === 'object' || alert === '[]');
    expect(found.kind === 'faults' ? found.faults.map((f) => f.pointer).sort() : []).toEqual(pointers.sort());
  });

  it('is told that broken JSON is no JSON, whatever TradingView calls it', () => {
    for (const isJson of [true, false]) expect(read('{"close": NaN}', isJson)).toEqual({ kind: 'not-json' });
    expect(read('buy XAUUSD @ 2035.1', true)).toEqual({ kind: 'not-json' });
  });

  it('names the members as its sender wrote them', () => {
    expect(faultsOf(strategy({ sl: '1', stop_loss: '2' }))).toEqual([
      ['/sl', 'says otherwise than /stop_loss'],
    ]);
  });

  it('gives the exit of a turn an id beside the entry’s, and both another content', () => {
    const turn = strategy({ prev_market_position: 'short', external_id: 'bar-7' });
    const [exit, entry] = signalsOf(turn);
    expect([exit?.external_id, entry?.external_id]).toEqual(['bar-7:exit', 'bar-7']);
    expect(exit?.content).not.toEqual(entry?.content);
    const long = { ...turn, external_id: 'x'.repeat(96) };
    expect(faultsOf(long).map(([pointer]) => pointer)).toEqual(['/external_id']);
  });

  it('has a content that two alerts share only where every field is the same', () => {
    const contents = [
      {},
      { comment: 'b' },
      { contracts: '2' },
      { order_id: 'Short' },
      { timenow: '1772445597' },
    ]
      .map((over) => signalsOf(strategy(over))[0]?.content)
      .map((content) => JSON.stringify(content));
    expect(new Set(contents).size).toBe(contents.length);
    expect(signalsOf(strategy({}))).toEqual(signalsOf(strategy({})));
  });

  it('never throws and never gives anything but one signal, an exit and an entry, or faults', () => {
    const member = fc.oneof(
      fc.string(),
      fc.double(),
      fc.constantFrom('buy', 'sell', 'long', 'flat', '2035.1', FIRED),
    );
    const names = fc.constantFrom(
      'ticker',
      'action',
      'close',
      'timenow',
      'market_position',
      'strategy',
      'payload',
      'schema',
    );
    const alert = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .dictionary(fc.oneof(names, fc.string()), fc.oneof(member, fc.jsonValue()))
        .map((v) => JSON.stringify(v)),
      fc
        .tuple(fc.constantFrom('buy', 'sell'), fc.string(), fc.string())
        .map(([a, b, p]) => `${a} ${b} @ ${p}`),
    );
    fc.assert(
      fc.property(alert, fc.boolean(), (text, isJson) => {
        const got = read(text, isJson);
        if (got.kind === 'faults') expect(got.faults.length).toBeGreaterThan(0);
        if (got.kind === 'signals') {
          expect(got.signals.map((s) => s.intent).join()).toMatch(/^(close|open|close,open)$/);
          expect(got.signals.every((s) => /^[A-Z0-9_.]{2,20}$/.test(s.instrument))).toBe(true);
        }
      }),
      runs(600),
    );
  });
});
