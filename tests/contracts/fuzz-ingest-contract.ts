// Fuzzing of everything that takes signals: bodies that are almost right, odd headers, spoilt proofs, repeats. No
// input gives a 5xx, and what is stored is exactly what was acknowledged, whole.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { oddHeader, oddProof } from '../support/hostile-http.ts';
import {
  type Damage,
  damaged,
  damageOf,
  hostileValue,
  mostlyDamaged,
  seldom,
  spoilt,
  tooLarge,
} from '../support/hostile-json.ts';
import { runs } from '../support/property.ts';
import type { Contract } from './contract-suite.ts';
import { fuzzTally } from './fuzz-tally.ts';
import type { Ask } from './runtime.ts';
import { SIGNALS, signedAsk } from './signed-ask.ts';
import { webhookAsk } from './webhook-contract.ts';
import { unique } from './world.ts';

const BODY_LIMIT = 32_768;
const BATCH_LIMIT = 1_048_576;
/** A payload that is too large for an item, whose blanks outside of it do not count. */
const PADDED = JSON.stringify({ pad: 'x'.repeat(BODY_LIMIT) });
/** Those that break more than others stand more than once. */
const MEMBERS = [
  ...'instrument side price price price intent order_type stop_loss take_profit order_expires_at'.split(' '),
  ...'max_slippage_points time time expires_at version external_id strategy timeframe schema'.split(' '),
  ...['payload', 'payload'],
];
const ALERT = [
  ...'ticker symbol action close price timenow contracts order_id comment sl tp market_position'.split(' '),
  ...'prev_market_position external_id intent schema payload password plot_0'.split(' '),
];
/** Words that plain text alerts are made of. */
const WORDS = [
  ...'buy sell long close EURUSD OANDA:XAUUSD eurusd @ at @1.1 1.1 1000000 sl sl=1.0 tp=1.2 tp 1.2'.split(
    ' ',
  ),
  ...'price=1 external_id=x payload={} time=1 = x= filled __proto__=1 constructor=1 secret=hush'.split(' '),
  ...['\u0000', '\ufffd', '\u00a0', '\u202e'],
];
/** How a sound request is followed up. */
const followUp = fc.oneof(
  { weight: 4, arbitrary: fc.constant('none' as const) },
  {
    weight: 6,
    arbitrary: fc.constantFrom('again' as const, 'anew' as const, 'other' as const, 'window' as const),
  },
);

export function fuzzIngestContract({ test, ...w }: Contract): void {
  let requests = 0;
  /** Every request from an address of its own, so that no flood of failures hides an answer. */
  const from = (): string => {
    requests += 1;
    return `198.18.${(requests >> 8) & 255}.${requests & 255}`;
  };
  const withHeaders = (ask: Ask, ...odd: (readonly [string, string] | null)[]): Ask => ({
    ...ask,
    address: from(),
    headers: Object.fromEntries([...Object.entries(ask.headers ?? {}), ...odd.filter((o) => o !== null)]),
  });
  const header = seldom(oddHeader, 3).filter((h) => h?.[0] !== 'content-type');
  const type = seldom(
    oddHeader.filter(([name]) => name === 'content-type'),
    8,
  );
  const proof = seldom(oddProof, 6);

  test('stores of fuzzed signals what it acknowledges, whole, and nothing else; no body or header gives a 5xx', async () => {
    const producer = await w.producer();
    const tally = fuzzTally(w, 'signals');
    const acknowledged: string[] = [];
    const send = async (ask: Ask): Promise<void> => {
      const { status, body } = await tally.send(ask);
      if (status === 201) acknowledged.push(body.id);
    };
    const given = fc.record({
      ...{ damage: mostlyDamaged(MEMBERS), follow: followUp, header, type, proof },
      chunked: fc.boolean(),
      webhook: seldom(fc.constant(true), 4),
    });
    await tally.run(
      fc.asyncProperty(
        given,
        async ({ damage, follow, header: odd, type: as, proof: spoiltProof, chunked, webhook }) => {
          const sound = w.signal({
            stop_loss: '1.0',
            take_profit: '1.2',
            schema: 1,
            payload: { a: [1, 'b'] },
          });
          const bytes = damaged(sound, damage, BODY_LIMIT);
          const signed =
            webhook === null
              ? signedAsk(producer, bytes, { chunked })
              : webhookAsk(producer, bytes, unique());
          const first = withHeaders(signed, odd, as);
          await send(withHeaders(first, spoiltProof));
          if (follow === 'none') return;
          await send(follow === 'again' ? first : signedAsk(producer, bytes));
          const { external_id, ...bare } = sound;
          if (follow === 'other')
            await send(signedAsk(producer, damaged({ ...sound, price: '1.15' }, damage, BODY_LIMIT)));
          if (follow === 'window') await send(signedAsk(producer, damaged(bare, damage, BODY_LIMIT)));
        },
      ),
      runs(260),
      [
        ...[
          '200',
          '201',
          '400 invalid-json',
          '401 unauthorized',
          '413 payload-too-large',
          '415 unsupported-media-type',
        ],
        ...['409 duplicate-signal/replay', '409 duplicate-signal/external_id', '409 duplicate-signal/window'],
        ...['409 idempotency-mismatch', '422 invalid-body'],
      ],
    );
    await tally.expectWhole(producer.id, acknowledged);
  });

  test('answers a fuzzed batch item by item, and stores exactly the items of which it says so', async () => {
    const producer = await w.producer();
    const tally = fuzzTally(w, 'batch');
    const acknowledged: string[] = [];
    const ofMember = fc.oneof(
      { weight: 9, arbitrary: damageOf(MEMBERS).filter((d) => !('at' in d) && d.kind !== 'wrap') },
      { weight: 1, arbitrary: fc.constant<Damage>({ kind: 'replace', name: 'payload', raw: PADDED }) },
    );
    const ofWhole = fc.oneof(
      { weight: 2, arbitrary: damageOf(['signals']).filter((d) => 'at' in d || d.kind === 'wrap') },
      { weight: 1, arbitrary: tooLarge },
    );
    const outer = seldom(
      fc.oneof(
        fc.constant('"more":1'),
        hostileValue.map((raw) => `"signals":${raw}`),
      ),
      6,
    );
    const given = fc.record({
      ...{ items: fc.array(fc.array(ofMember, { maxLength: 1 }), { maxLength: 5 }), outer, proof, type },
      ...{ whole: seldom(ofWhole, 4), again: fc.boolean(), same: fc.boolean() },
    });
    await tally.run(
      fc.asyncProperty(
        given,
        async ({ items, outer: more, whole, again, same, proof: spoiltProof, type: as }) => {
          const external_id = unique();
          const texts = items.map((damage: Damage[], i) => {
            const sound = w.signal(same ? { external_id, price: i < 2 ? '1.1' : '1.2' } : {});
            return damaged(sound, damage, BODY_LIMIT).toString();
          });
          const text = `{${[`"signals":[${texts.join(',')}]`, ...(more === null ? [] : [more])].join(',')}}`;
          const bytes = whole === null ? Buffer.from(text) : spoilt(Buffer.from(text), whole, BATCH_LIMIT);
          const ask = withHeaders(signedAsk(producer, bytes, { target: `${SIGNALS}/batch` }), as);
          const first = await tally.send(withHeaders(ask, spoiltProof));
          const told: Json[] = first.status === 207 ? first.body.items : [];
          for (const item of told) {
            tally.note(`item ${item.status}`);
            expect(item.status === 201 ? item.id : item.problem.status).toBeTruthy();
            expect(item.problem?.status ?? 201).toBeLessThan(500);
          }
          acknowledged.push(...told.filter((i) => i.status === 201).map((i) => i.id));
          if (again && first.status === 207) expect((await tally.send(ask)).body.items).toEqual(told);
        },
      ),
      runs(150),
      [
        ...[
          '207',
          '400 invalid-json',
          '401 unauthorized',
          '413 payload-too-large',
          '415 unsupported-media-type',
        ],
        ...['422 invalid-body', 'item 201', 'item 409', 'item 413', 'item 422'],
      ],
    );
    await tally.expectWhole(producer.id, acknowledged);
  });

  test('answers every fuzzed TradingView alert 200 with its outcome, and stores exactly what it calls created', async () => {
    const producer = await w.producer();
    const made = await w.json(
      w.as(producer.owner.token, 'POST', `/api/v1/producers/${producer.id}/hook/rotate`, {}),
      201,
    );
    const target = new URL(made.url).pathname;
    const tally = fuzzTally(w, 'hook');
    const acknowledged: string[] = [];
    const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 9 });
    const turn = fc.constantFrom(
      {},
      {},
      { market_position: 'flat' },
      { market_position: 'long', prev_market_position: 'short' },
    );
    const given = fc.record({
      form: fc.oneof(
        fc.record({ damage: mostlyDamaged(ALERT), turn }),
        fc.record({ words, sound: fc.boolean() }),
      ),
      as: fc.constantFrom('application/json', 'text/plain', 'text/plain; charset=utf-8'),
      ...{
        type,
        header,
        again: fc.boolean(),
        lost: seldom(fc.constantFrom('x', 'A', '%00', '%', ' '), 12),
      },
    });
    await tally.run(
      fc.asyncProperty(given, async ({ form, as, type: odd, header: other, again, lost }) => {
        const price = `1.${unique().replaceAll(/[a-f]/g, '7').slice(0, 7)}1`;
        const order_id = unique();
        const bytes =
          'words' in form
            ? Buffer.from(
                [
                  ...(form.sound ? ['buy', 'EURUSD', '@', price] : []),
                  ...form.words.slice(form.sound ? 8 : 0),
                ].join(' '),
              )
            : damaged(
                {
                  ticker: 'EURUSD',
                  action: 'buy',
                  close: price,
                  timenow: new Date().toISOString(),
                  order_id,
                  ...form.turn,
                },
                form.damage,
                BODY_LIMIT,
              );
        const headers = { 'content-type': 'words' in form ? 'text/plain' : as };
        const path = lost === null ? target : `${target.slice(0, -1)}${encodeURI(lost)}`;
        const ask = withHeaders({ method: 'POST', target: path, body: bytes, headers }, odd, other);
        for (let i = 0; i < (again ? 2 : 1); i += 1) {
          const { status, body } = await tally.send(ask);
          if (status !== 200) continue;
          for (const told of [body, ...(body.exit ? [body.exit] : [])]) {
            tally.note(`${told.outcome} ${told.problem?.type.split(':').at(-1) ?? ''}`.trim());
            if (told.outcome === 'created') acknowledged.push(told.id);
            if (told.outcome === 'refused') expect(told.problem.status).toBeLessThan(500);
          }
          if (body.exit) tally.note('exit and entry');
        }
      }),
      runs(220),
      [
        ...['200', '404 not-found', '413 payload-too-large', 'created', 'duplicate', 'exit and entry'],
        ...['refused invalid-json', 'refused invalid-body', 'refused unsupported-media-type'],
      ],
      ['refused idempotency-mismatch'],
    );
    await tally.expectWhole(producer.id, acknowledged);
  });
}
