// Whatever comes in, the answer is a refusal and never a 5xx, and nothing of it is stored.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { hostileValue } from '../support/hostile-json.ts';
import { runs } from '../support/property.ts';
import type { Contract } from './contract-suite.ts';
import type { Ask } from './runtime.ts';

const POSTS = [
  ...['approvals', 'consents', 'users', 'tokens', 'producers', 'subscriptions', 'bridges', 'instruments'],
  ...['accounts', 'reconciliation/runs', 'charts'],
].map((path) => `/api/v1/${path}`);
const MEMBERS = [
  ...['instrument', 'side', 'price', 'intent', 'order_type', 'stop_loss', 'take_profit', 'order_expires_at'],
  ...[
    'max_slippage_points',
    'time',
    'expires_at',
    'version',
    'external_id',
    'strategy',
    'timeframe',
    'schema',
  ],
  ...[
    'payload',
    'signal_id',
    'decision',
    'consent_version',
    'account_id',
    'reason',
    'name',
    'email',
    'role',
    'text',
  ],
  ...[
    'scopes',
    'expires_in_days',
    'user_id',
    'owner_id',
    'instruments',
    'symbol',
    'digits',
    'url',
    'bridge_id',
  ],
  ...['kind', 'source', 'title', 'tz', 'size', 'indicators', '__proto__', ''],
];
const member = fc.tuple(fc.constantFrom(...MEMBERS), hostileValue);
/** Bodies that look like ours with something wrong in them, and bodies that look like nothing. */
const bodyText = fc.oneof(
  { weight: 5, arbitrary: fc.array(member, { maxLength: 8 }).map((m) => jsonOf(m)) },
  { weight: 2, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);
/** An object written by hand, so that `__proto__` and repeated keys reach the wire. */
const jsonOf = (members: readonly (readonly [string, string])[]): string =>
  `{${members.map(([key, raw]) => `${JSON.stringify(key)}:${raw}`).join(',')}}`;
export function badInputContract({ test, ...w }: Contract): void {
  const { owner } = w.dev.tokens;
  const handled = async (ask: Ask): Promise<number> => {
    const answer = await w.rt.call(ask);
    const text = await answer.text();
    expect(answer.status, `${ask.method ?? 'GET'} ${ask.target}: ${text}`).toBeLessThan(500);
    if (answer.status >= 400) {
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(JSON.parse(text).request_id).toBe(answer.headers.get('x-request-id'));
    }
    return answer.status;
  };

  test('never breaks on the body of any other route', async () => {
    const headers = { authorization: `Bearer ${owner}`, 'content-type': 'application/json' };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...POSTS), bodyText, async (target, body) => {
        await handled({ method: 'POST', target, headers, body });
      }),
      runs(250),
    );
  });

  test('refuses hostile JSON by its pointer, and stores none of it', async () => {
    const producer = await w.producer();
    const frame = JSON.stringify(w.signal({ payload: 0 }));
    const within = (payload: string): string => frame.replace('"payload":0', `"payload":${payload}`);
    const cases: [string, string][] = [
      [within('{"a":"\\u0000"}'), '/payload/a'],
      [within('{"\\u0000":1}'), '/payload'],
      [within('{"a":"\\ud800"}'), '/payload/a'],
      [within('{"a":["\\udc00x"]}'), '/payload/a/0'],
      [within('{"a":1e400}'), '/payload/a'],
      [within('{"__proto__":{"admin":true}}'), '/payload/__proto__'],
      [within('{"a":1,"a":2}'), '/payload/a'],
      [frame.replace('{', '{"side":"sell",'), '/side'],
      [frame.replace('{', '{"__proto__":1,'), '/__proto__'],
      [frame.replace('"1.1"', '1.1234567890123456'), '/price'],
      [frame.replace('"1.1"', '12345678901234567'), '/price'],
    ];
    for (const [text, pointer] of cases) {
      const { errors } = await w.refusal(w.send(producer, text), 422, 'invalid-body');
      expect(
        errors.map((e: Json) => e.pointer),
        text.slice(0, 120),
      ).toContain(pointer);
    }
    const nested = (levels: number) => within(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
    const { errors } = await w.refusal(w.send(producer, nested(33)), 422, 'invalid-body');
    expect(errors[0].pointer).toMatch(/^\/payload/);
    const deep = within(`${'['.repeat(7000)}${']'.repeat(7000)}`);
    await w.refusal(w.send(producer, deep), 422, 'invalid-body');
    await w.refusal(w.send(producer, '['.repeat(20_000)), 422, 'invalid-body');
    expect(await w.count('SELECT count(*) FROM signals WHERE producer_id = $1', producer.id)).toBe(0);
    await w.json(w.send(producer, nested(30)), 201);
  });

  test('keeps what is odd and allowed exactly as it came', async () => {
    const producer = await w.producer();
    const payload = {
      constructor: 1,
      toString: 'x',
      '': null,
      'a/b~c': '\u{1F600}\u202e',
      n: 1e300,
      z: [[[]]],
    };
    const stored = await w.sent(producer, { payload, strategy: "'; DROP TABLE signals; --" });
    const read = await w.statusOf(producer.owner, stored.id);
    expect(read.payload).toEqual(payload);
    expect(read.strategy).toBe("'; DROP TABLE signals; --");
  });

  test('refuses the same hostile texts on routes of people, never with a 5xx', async () => {
    const texts = ['\u0000', 'a\u0000b', '\ud800', '\u202e'];
    for (const text of texts) {
      const name = JSON.stringify(text);
      const bodies: [string, string][] = [
        ['/api/v1/tokens', `{"name":${name}}`],
        ['/api/v1/users', `{"email":"${'x'}@contract.example","name":${name}}`],
        ['/api/v1/consents', `{"text":${name}}`],
        ['/api/v1/bridges', `{"name":${name},"url":"${w.dev.broker.url}/bridge/1"}`],
        ['/api/v1/producers', `{"name":${name},"instruments":["EURUSD"]}`],
      ];
      const headers = { authorization: `Bearer ${owner}`, 'content-type': 'application/json' };
      for (const [target, body] of bodies.filter(([t]) => t !== '/api/v1/consents' || text !== '\u202e')) {
        const status = await handled({ method: 'POST', target, headers, body });
        if (text !== '\u202e') expect(status, `${target} ${name}`).toBe(422);
      }
    }
  });
}
