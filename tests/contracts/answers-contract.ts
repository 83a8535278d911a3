// Rows of the contract's answer tables that belong to no one subject's file.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { type Producer, unique } from './world.ts';

const APPROVALS = '/api/v1/approvals';
const NOBODY = '018f0000-0000-7000-8000-000000000000';

export function answersContract({ test, ...w }: Contract): void {
  const decide = (token: string, body: unknown): Promise<Response> => w.as(token, 'POST', APPROVALS, body);
  const rejection = async (signalId: string, over: Record<string, unknown> = {}): Promise<Json> => ({
    ...{ signal_id: signalId, decision: 'rejected', consent_version: await w.consentVersion() },
    ...over,
  });
  const undecided = async (): Promise<{ producer: Producer; id: string }> => {
    const producer = await w.producer();
    return { producer, id: (await w.sent(producer)).id };
  };

  test('judges a decision’s body, then its signal, then the token’s scope, in this order', async () => {
    const { producer, id } = await undecided();
    const made = { name: unique(), scopes: ['signals:read'] };
    const { token } = await w.json(w.as(producer.owner.token, 'POST', '/api/v1/tokens', made), 201);
    const good = await rejection(id);
    await w.refusal(decide('cs_pat_x', { ...good, more: 1 }), 401, 'unauthorized');
    await w.refusal(decide(token, { ...good, more: 1, signal_id: NOBODY }), 422, 'invalid-body');
    await w.refusal(decide(token, { ...good, signal_id: NOBODY }), 404, 'not-found');
    await w.refusal(decide(token, good), 403, 'forbidden');
    await w.json(decide(producer.owner.token, good), 201);
    await w.refusal(decide(token, good), 403, 'forbidden');
  });

  test('refuses a decision of whatever kind on a signal that was cancelled', async () => {
    const { producer, id } = await undecided();
    const { token } = producer.owner;
    await w.json(w.as(token, 'POST', `/api/v1/signals/${id}/cancel`));
    for (const over of [{}, { decision: 'approved' }, { consent_version: 999 }])
      await w.refusal(decide(token, await rejection(id, over)), 409, 'signal-not-open');
    expect(await w.count('SELECT count(*) FROM approvals WHERE signal_id = $1', id)).toBe(0);
  });

  test('takes a reason of 500 characters and not one of 501', async () => {
    const { producer, id } = await undecided();
    const { token } = producer.owner;
    const long = await w.refusal(
      decide(token, await rejection(id, { reason: 'é'.repeat(501) })),
      ...([422, 'invalid-body'] as const),
    );
    expect(long.errors).toEqual([expect.objectContaining({ pointer: '/reason' })]);
    const reason = 'é'.repeat(500);
    expect(await w.json(decide(token, await rejection(id, { reason })), 201)).toMatchObject({ reason });
  });

  test('keeps a decision’s address and user agent beside it, and a keyed hash alone in the audit', async () => {
    const { producer, id } = await undecided();
    const address = '198.51.100.77';
    const answer = w.rt.call({
      ...{ method: 'POST', target: APPROVALS, address, body: JSON.stringify(await rejection(id)) },
      headers: {
        authorization: `Bearer ${producer.owner.token}`,
        ...{ 'content-type': 'application/json', 'user-agent': 'contract/1' },
      },
    });
    const approval = await w.json(answer, 201);
    expect(JSON.stringify(approval)).not.toContain(address);
    const clients = 'SELECT address, user_agent FROM approval_clients WHERE approval_id = $1';
    expect(await w.rt.query(clients, [approval.id])).toEqual([{ address, user_agent: 'contract/1' }]);
    const [row] = await w.rt.query('SELECT * FROM audit_log WHERE subject_id = $1 AND action = $2', [
      ...[id, 'signal.rejected'],
    ]);
    expect(row?.['detail']).toMatchObject({
      ...{ approval_id: approval.id, address_hmac: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) },
    });
    const text = JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? String(v) : v));
    expect(text).not.toContain(address);
  });

  test('publishes each consent with its number and the SHA-256 of its text', async () => {
    const { user } = w.dev.tokens;
    const consent = await w.json(w.as(user, 'GET', '/api/v1/consents/current'));
    expect(Object.keys(consent).sort()).toEqual(['sha256', 'text', 'version']);
    expect(consent.version).toBeGreaterThanOrEqual(1);
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(consent.text));
    expect(consent.sha256).toBe(Buffer.from(digest).toString('hex'));
  });

  test('says of a new chart its three addresses below the media host, its etag and what it shows', async () => {
    const candles = Array.from({ length: 30 }, (_, i) => ({
      ...{ time: 1_767_225_600 + i * 3600, open: '1', high: '2', low: '1', close: '2' },
    }));
    const source = { candles, instrument: 'EURUSD', timeframe: 'H1' };
    const ask = w.as(w.dev.tokens.user, 'POST', '/api/v1/charts', { kind: 'candlestick', source });
    const chart = await w.json(ask, 201);
    expect(Object.keys(chart).sort()).toEqual(['alt', 'etag', 'expires_at', 'url', 'urls']);
    expect(Object.keys(chart.urls)).toEqual(['png', 'svg', 'pdf']);
    const digest = /^"([0-9a-f]{64})"$/.exec(chart.etag)?.[1];
    for (const [format, url] of Object.entries<string>(chart.urls))
      expect(new URL(url).pathname).toBe(`/charts/${digest}.${format}`);
    const hosts = new Set(Object.values<string>(chart.urls).map((url) => new URL(url).origin));
    expect(hosts.size).toBe(1);
    expect(chart.alt.length).toBeGreaterThan(10);
    const [entry] = await w.rt.query('SELECT * FROM charts WHERE digest = $1', [digest]);
    expect(entry).toMatchObject({ private: false, user_id: expect.any(String), alt: chart.alt });
  });
}
