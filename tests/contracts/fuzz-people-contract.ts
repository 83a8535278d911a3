// Fuzzing of the routes of people: decisions, and everything that is read by path and query. No input gives a 5xx, and
// of a decision either all stands or nothing.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { encodedText, oddCursor, oddHeader, oddProof, oddQuery, oddToken } from '../support/hostile-http.ts';
import { damaged, mostlyDamaged, seldom } from '../support/hostile-json.ts';
import { runs } from '../support/property.ts';
import type { Contract } from './contract-suite.ts';
import { fuzzTally } from './fuzz-tally.ts';
import { SIGNALS } from './signed-ask.ts';
import { inLanes, unique } from './world.ts';

const APPROVALS = '/api/v1/approvals';
const NOBODY = '018f0000-0000-7000-8000-000000000000';
/** More than any body of a person's route may be. */
const BODY_LIMIT = 262_144;
const FRESH = 100;
const LISTS = [
  ...'signals signals/refused approvals trades orders positions accounts tokens producers users'.split(' '),
  ...'subscriptions bridges instruments reconciliation/runs reconciliation/divergences audit'.split(' '),
].map((path) => `/api/v1/${path}`);
const ITEMS = 'signals approvals trades accounts producers'.split(' ').map((path) => `/api/v1/${path}/`);
const NAMES = [
  ...'page page_size cursor status instrument from to account account_id producer_id source sort'.split(' '),
  ...['action', 'subject', 'x', '__proto__', 'page%5B%5D', ''],
];

export function fuzzPeopleContract({ test, ...w }: Contract): void {
  test('takes of fuzzed decisions what it acknowledges, whole, and nothing else', async () => {
    const user = await w.person();
    const producer = await w.producer({}, user);
    const account = await w.account(user, [producer.id]);
    const foreign = await w.producer();
    await w.json(w.owner('POST', '/api/v1/consents', { text: `Consent ${unique()}` }), 201);
    const consent = await w.consentVersion();
    const stored = (n: number, over = {}) =>
      inLanes(n, 8, async () => (await w.sent(producer, over)).id as string);
    const fresh = await stored(FRESH * runs(1).numRuns);
    const [cancelled = '', decided = ''] = await stored(2);
    const notMine = (await w.sent(foreign)).id as string;
    await w.json(w.as(user.token, 'POST', `${SIGNALS}/${cancelled}/cancel`));
    const before = (await w.json(w.approve(user, decided, { decision: 'rejected' }), 201)).id as string;
    const tally = fuzzTally(w, 'approvals');
    const made = new Map<string, string>([[before, 'rejected']]);
    const given = fc.record({
      signal: fc.oneof(
        { weight: 8, arbitrary: fc.constant('fresh') },
        { weight: 5, arbitrary: fc.constantFrom(cancelled, decided, notMine, NOBODY, 'x') },
      ),
      decision: fc.constantFrom('approved', 'rejected'),
      consent_version: fc.oneof(
        { weight: 8, arbitrary: fc.constant(consent) },
        { weight: 2, arbitrary: fc.constant(consent - 1) },
        { weight: 3, arbitrary: fc.constantFrom(consent + 1, 0, -1, 1.5, '1', 2 ** 31, null) },
      ),
      account_id: seldom(fc.constantFrom(account.id, account.id, NOBODY, NOBODY, 'x'), 2),
      terms_sha256: seldom(fc.constantFrom('a'.repeat(64), 'b'.repeat(64), 'A'.repeat(64), ''), 3),
      reason: seldom(fc.constantFrom('because', 'x'.repeat(500), '\u202e', 'x'.repeat(501), 'a\u0000'), 4),
      damage: seldom(mostlyDamaged(['signal_id', 'decision', 'consent_version', 'account_id', 'reason']), 3),
      header: seldom(oddHeader, 4),
      proof: seldom(oddProof, 8),
    });
    let next = 0;
    await tally.run(
      fc.asyncProperty(given, async ({ signal, damage, header, proof, ...rest }) => {
        const signal_id = signal === 'fresh' ? (fresh[next++ % fresh.length] ?? '') : signal;
        const said = Object.entries({ signal_id, ...rest }).filter(([, value]) => value !== null);
        const headers = {
          ...{ authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
          ...Object.fromEntries([header, proof].filter((h) => h !== null)),
        };
        const body = damaged(Object.fromEntries(said), damage ?? [], BODY_LIMIT);
        const answer = await tally.send({ method: 'POST', target: APPROVALS, headers, body });
        if (answer.status !== 201) return;
        made.set(answer.body.id, answer.body.decision);
        expect(answer.body.user_id).toBe(user.id);
      }),
      runs(350),
      [
        ...[
          '201',
          '400 invalid-json',
          '401 unauthorized',
          '403 forbidden',
          '404 not-found',
          '409 already-decided',
        ],
        ...['409 signal-not-open', '409 consent-outdated', '409 terms-changed', '413 payload-too-large'],
        ...['415 unsupported-media-type', '422 account-required', '422 invalid-body'],
      ],
    );
    const rows = await w.rt.query(
      `SELECT a.id, CASE a.decision WHEN 1 THEN 'approved' ELSE 'rejected' END AS decision,
         (SELECT count(*)::int FROM approval_clients c WHERE c.approval_id = a.id) AS clients,
         (SELECT count(*)::int FROM audit_log l WHERE l.subject_id = a.signal_id::text AND l.actor_id = a.user_id
            AND l.detail->>'approval_id' = a.id::text) AS audit,
         (SELECT count(*)::int FROM outbox o WHERE o.payload->>'approval_id' = a.id::text) AS events,
         (SELECT count(*)::int FROM deliveries d WHERE d.signal_id = a.signal_id AND d.user_id = a.user_id
            AND d.status <> 0) AS decided
       FROM approvals a WHERE a.user_id = $1 ORDER BY a.id`,
      [user.id],
    );
    const whole = { clients: 1, audit: 1, events: 1, decided: 1 };
    expect(rows).toEqual([...made].sort().map(([id, decision]) => ({ id, decision, ...whole })));
    const open = 'SELECT count(*) FROM deliveries WHERE user_id = $1 AND status NOT IN (0, 5)';
    expect(await w.count(open, user.id)).toBe(made.size);
  });

  test('answers every fuzzed query, cursor, path and token on every list and item, without a 5xx', async () => {
    const { owner, user } = w.dev.tokens;
    const tally = fuzzTally(w, 'reads');
    const whole: Json = await w.json(w.as(owner, 'GET', `${SIGNALS}?page_size=1`));
    const id = encodedText.filter((text) => text !== '');
    const target = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.tuple(fc.constantFrom(...LISTS), oddCursor).map(([p, c]) => `${p}?cursor=${c}`),
      },
      {
        weight: 4,
        arbitrary: fc.tuple(fc.constantFrom(...LISTS), oddQuery(NAMES)).map(([p, q]) => `${p}?${q}`),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom(...ITEMS), id, oddQuery(NAMES))
          .map(([p, i, q]) => `${p}${i}?${q}`),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(id, oddQuery(['account_id'])).map(([i, q]) => `${SIGNALS}/${i}/terms?${q}`),
      },
      { weight: 1, arbitrary: fc.constantFrom('/api/v1/audit', '/api/v1/users', '/metrics') },
      { weight: 1, arbitrary: id.map((i) => `/${i}`) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(...LISTS).map((p) => `${p}?page_size=1&cursor=${whole.next_cursor}`),
      },
    );
    const given = fc.record({
      ...{ target, header: seldom(oddHeader, 5), proof: seldom(oddToken, 12) },
      token: fc.constantFrom(owner, user),
    });
    await tally.run(
      fc.asyncProperty(given, async ({ target: at, header, proof, token }) => {
        const odd = Object.fromEntries([header, proof].filter((h) => h !== null));
        await tally.send({ target: at, headers: { authorization: `Bearer ${token}`, ...odd } });
      }),
      runs(400),
      ['200', '401 unauthorized', '403 forbidden', '404 not-found', '422 invalid-query'],
      ['422 invalid-body'],
    );
  });
}
