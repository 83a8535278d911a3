// Who may decide what, in which order the answers are judged, and what a refusal leaves behind: nothing.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { APPEND_ONLY_TABLES } from '../support/append-only-tables.ts';
import type { Contract } from './contract-suite.ts';
import { type Person, type Producer, unique, until } from './world.ts';

const APPROVALS = '/api/v1/approvals';
const NOBODY = '018f0000-0000-7000-8000-000000000000';
const HASH = /^[0-9a-f]{64}$/;

export function approvalsContract({ test, ...w }: Contract): void {
  /** Everything that a decision would leave behind. */
  const traces = async (signalId: string): Promise<Json> => ({
    approvals: await w.count('SELECT count(*) FROM approvals WHERE signal_id = $1', signalId),
    audit: await w.count(
      "SELECT count(*) FROM audit_log WHERE subject_id = $1 AND action <> 'signal.create'",
      signalId,
    ),
    events: await w.count(
      "SELECT count(*) FROM outbox WHERE payload->>'signal_id' = $1 AND topic <> 'signal.created'",
      signalId,
    ),
    decided: await w.count('SELECT count(*) FROM deliveries WHERE signal_id = $1 AND status <> 0', signalId),
  });
  const NONE = { approvals: 0, audit: 0, events: 0, decided: 0 };

  /** A person with a producer and one account that follows it; the account is neither bound nor resumed. */
  const follower = async (): Promise<{ user: Person; producer: Producer; accountId: string }> => {
    const user = await w.person();
    const producer = await w.producer({}, user);
    return { user, producer, accountId: (await w.account(user, [producer.id])).id };
  };
  const terms = (user: Person, signalId: string): Promise<Json> =>
    w.json(w.as(user.token, 'GET', `/api/v1/signals/${signalId}/terms`));

  /** A column of a table that is not generated. */
  const columnOf = async (table: string): Promise<string> => {
    const [found] = await w.rt.query(
      `SELECT quote_ident(attname) AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0
       AND attgenerated = '' AND NOT attisdropped ORDER BY attnum LIMIT 1`,
      [table],
    );
    return String(found?.['name']);
  };

  test('shows the terms: the band around the price, what may be lost of volume, and their hash', async () => {
    const { user, producer, accountId } = await follower();
    const stored = await w.sent(producer, { price: '1.10000', max_slippage_points: 50 });
    expect(await terms(user, stored.id)).toEqual({
      ...{ signal_id: stored.id, account_id: accountId, intent: 'open', side: 'buy', order_type: 'market' },
      ...{ price: '1.1', band: { low: '1.0995', high: '1.1005' }, stop_loss: null, take_profit: null },
      ...{ max_volume: '0.1', max_risk: null, expires_at: stored.expires_at },
      consent_version: await w.consentVersion(),
      terms_sha256: expect.stringMatching(HASH),
    });
    const target = `/api/v1/signals/${stored.id}/terms`;
    await w.refusal(w.as(w.dev.tokens.other, 'GET', target), 403, 'forbidden');
    await w.refusal(w.as(user.token, 'GET', `/api/v1/signals/${NOBODY}/terms`), 404, 'not-found');
    await w.refusal(w.as(user.token, 'GET', `${target}?account_id=x`), 422, 'invalid-query');
    await w.refusal(w.as(user.token, 'GET', `${target}?account_id=${NOBODY}`), 422, 'account-required');
  });

  test('records an approval with what was agreed to, once, with its audit row and its event', async () => {
    const { user, producer, accountId } = await follower();
    const stored = await w.sent(producer);
    const shown = await terms(user, stored.id);
    const { terms_sha256, ...agreed } = shown;
    const approval = await w.json(w.approve(user, stored.id, { terms_sha256, reason: 'because' }), 201);
    const consent = await w.json(w.as(user.token, 'GET', '/api/v1/consents/current'));
    expect(approval).toEqual({
      ...{ id: expect.any(String), signal_id: stored.id, user_id: user.id, decision: 'approved' },
      ...{ account_id: accountId, channel: 'token', consent_version: consent.version, terms_shown: true },
      ...{ consent_sha256: consent.sha256, terms: agreed, terms_sha256, reason: 'because' },
      created_at: expect.any(String),
    });
    expect(await traces(stored.id)).toEqual({ approvals: 1, audit: 1, events: 1, decided: 1 });
    expect(await w.json(w.as(user.token, 'GET', `${APPROVALS}/${approval.id}`))).toEqual(approval);
    await w.refusal(w.as(w.dev.tokens.other, 'GET', `${APPROVALS}/${approval.id}`), 403, 'forbidden');
    await w.refusal(w.as(user.token, 'GET', `${APPROVALS}/${NOBODY}`), 404, 'not-found');
    const listed = await w.json(w.as(user.token, 'GET', APPROVALS));
    expect(listed.items).toEqual([approval]);
  });

  test('says of an approval without the hash that showing is not proven', async () => {
    const { user, producer } = await follower();
    const approval = await w.json(w.approve(user, (await w.sent(producer)).id), 201);
    expect(approval.terms_shown).toBe(false);
    expect(approval.terms_sha256).toMatch(HASH);
  });

  test('decides once: the second decision is told of the first, whatever it says', async () => {
    const { user, producer } = await follower();
    const { id } = await w.sent(producer);
    const first = await w.json(w.approve(user, id), 201);
    const before = await traces(id);
    for (const over of [{}, { decision: 'rejected' }, { consent_version: 999 }, { account_id: NOBODY }]) {
      const said = await w.refusal(w.approve(user, id, over), 409, 'already-decided');
      expect(said.existing_id).toBe(first.id);
    }
    expect(await traces(id)).toEqual(before);
  });

  test('rejects without an account, and nothing is executed of it', async () => {
    const producer = await w.producer();
    const { id } = await w.sent(producer);
    const body = { decision: 'rejected', reason: 'not today' };
    const rejection = await w.json(w.approve(producer.owner, id, body), 201);
    expect(rejection).toMatchObject({ decision: 'rejected', account_id: null, reason: 'not today' });
    expect((await w.statusOf(producer.owner, id)).status).toBe('rejected');
    await until('the rejection’s event is done', async () =>
      w.count(
        "SELECT count(*) FROM outbox WHERE topic = 'approval.rejected' AND done_at IS NOT NULL AND payload->>'signal_id' = $1",
        id,
      ),
    );
    expect(await w.count('SELECT count(*) FROM commands WHERE signal_id = $1', id)).toBe(0);
  });

  test('judges token, body, signal and audience in this order, and stores nothing', async () => {
    const { user, producer } = await follower();
    const { id } = await w.sent(producer);
    const good = { signal_id: id, decision: 'approved', consent_version: await w.consentVersion() };
    const post = (token: string, body: unknown) => w.as(token, 'POST', APPROVALS, body);
    const { other } = w.dev.tokens;
    await w.refusal(post('cs_pat_nothing', { wrong: 1 }), 401, 'unauthorized');
    await w.refusal(w.plain(APPROVALS, { method: 'POST', body: '{}' }), 401, 'unauthorized');
    await w.refusal(post(other, '{'), 400, 'invalid-json');
    await w.refusal(post(other, { ...good, decision: 'maybe' }), 422, 'invalid-body');
    await w.refusal(post(other, { ...good, more: 1 }), 422, 'invalid-body');
    await w.refusal(post(other, { ...good, reason: 'x'.repeat(501) }), 422, 'invalid-body');
    await w.refusal(post(other, { ...good, signal_id: 'x' }), 422, 'invalid-body');
    await w.refusal(post(other, { ...good, signal_id: NOBODY }), 404, 'not-found');
    await w.refusal(post(other, { ...good, consent_version: 999 }), 403, 'forbidden');
    for (const role of ['owner', 'admin'] as const)
      await w.refusal(post(w.dev.tokens[role], good), 403, 'forbidden');
    const name = unique();
    const made = { name, scopes: ['signals:read'] };
    const { token } = await w.json(w.as(user.token, 'POST', '/api/v1/tokens', made), 201);
    await w.refusal(post(token, good), 403, 'forbidden');
    expect(await traces(id)).toEqual(NONE);
  });

  test('refuses with 415 a decision that is not JSON by type', async () => {
    const { user, producer } = await follower();
    const { id } = await w.sent(producer);
    const body = JSON.stringify({ signal_id: id, decision: 'rejected', consent_version: 1 });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const headers = { authorization: `Bearer ${user.token}`, 'content-type': type };
      const ask = { method: 'POST', target: APPROVALS, headers, body };
      await w.refusal(w.rt.call(ask), 415, 'unsupported-media-type');
    }
    expect(await traces(id)).toEqual(NONE);
  });

  test('refuses changed terms, unknown consents and accounts of others, and stores nothing', async () => {
    const { user, producer } = await follower();
    const stranger = await follower();
    const { id } = await w.sent(producer);
    const changed = await w.refusal(
      w.approve(user, id, { terms_sha256: 'a'.repeat(64) }),
      409,
      'terms-changed',
    );
    expect(changed.terms_sha256).toBe((await terms(user, id)).terms_sha256);
    await w.refusal(w.approve(user, id, { consent_version: 999_999 }), 422, 'invalid-body');
    await w.refusal(w.approve(user, id, { consent_version: 0 }), 422, 'invalid-body');
    await w.refusal(w.approve(user, id, { account_id: stranger.accountId }), 422, 'account-required');
    expect(await traces(id)).toEqual(NONE);
  });

  test('wants an account where none or several follow the producer', async () => {
    const { user, producer, accountId } = await follower();
    const alone = await w.producer();
    const { id } = await w.sent(alone);
    await w.refusal(w.approve(alone.owner, id), 422, 'account-required');
    const second = await w.account(user, [producer.id]);
    const stored = await w.sent(producer);
    await w.refusal(w.approve(user, stored.id), 422, 'account-required');
    expect(await traces(stored.id)).toEqual(NONE);
    const named = await w.json(w.approve(user, stored.id, { account_id: second.id }), 201);
    expect(named.account_id).toBe(second.id);
    expect(accountId).not.toBe(second.id);
  });

  test('refuses an outdated consent and names the version in force', async () => {
    const { user, producer } = await follower();
    const { id } = await w.sent(producer);
    const old = await w.consentVersion();
    await w.refusal(w.as(w.dev.tokens.admin, 'POST', '/api/v1/consents', { text: 'no' }), 403, 'forbidden');
    const next = await w.json(w.owner('POST', '/api/v1/consents', { text: `Consent ${unique()}` }), 201);
    expect(next.version).toBe(old + 1);
    const said = await w.refusal(w.approve(user, id, { consent_version: old }), 409, 'consent-outdated');
    expect(said.current_version).toBe(next.version);
    expect(await traces(id)).toEqual(NONE);
    await w.json(w.approve(user, id), 201);
  });

  test('holds every signal to its deadline, though no schedule has run', async () => {
    const { user, producer } = await follower();
    const stored = await w.sent(producer, { expires_at: new Date(Date.now() + 1000).toISOString() });
    await until('the signal shows as expired', async () => {
      return (await w.statusOf(user, stored.id)).status === 'expired';
    });
    await w.refusal(w.approve(user, stored.id), 409, 'signal-not-open');
    await w.refusal(w.approve(user, stored.id, { decision: 'rejected' }), 409, 'signal-not-open');
    expect(await traces(stored.id)).toEqual(NONE);
    await w.rt.tick();
    expect(await w.rt.query('SELECT status FROM deliveries WHERE signal_id = $1', [stored.id])).toEqual([
      { status: 6 },
    ]);
    await w.refusal(w.approve(user, stored.id), 409, 'signal-not-open');
  });

  test('lets each member of an audience decide for himself', async () => {
    const { user, producer } = await follower();
    const member = await w.person();
    await w.subscribe(producer, member);
    const { id } = await w.sent(producer);
    await until('the signal has reached the subscriber', async () => {
      return (await w.as(member.token, 'GET', `/api/v1/signals/${id}`)).status === 200;
    });
    await w.json(w.approve(member, id, { decision: 'rejected' }), 201);
    await w.json(w.approve(user, id), 201);
    expect((await w.statusOf(member, id)).status).toBe('rejected');
    expect((await w.statusOf(user, id)).status).not.toBe('rejected');
  });

  test('keeps approvals and every other append-only table for ever, over the runtime’s own connection', async () => {
    await expect(w.rt.query('SET ROLE countersign_owner')).rejects.toThrow(/permission denied/);
    for (const table of APPEND_ONLY_TABLES)
      for (const statement of [
        `DELETE FROM ${table}`,
        `TRUNCATE ${table} CASCADE`,
        `ALTER TABLE ${table} ADD COLUMN x int`,
        `ALTER TABLE ${table} OWNER TO CURRENT_USER`,
        `DROP TABLE ${table}`,
        `UPDATE ${table} SET ${await columnOf(table)} = ${await columnOf(table)}`,
      ])
        await expect(w.rt.query(statement), statement).rejects.toThrow(/permission denied|must be owner/);
  });
}
