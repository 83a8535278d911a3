import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCircuitBreaker } from '../../functions/platform/circuit-breaker.ts';
import { MAX_ATTEMPTS } from '../../functions/platform/outbox-store.ts';
import { makeUser } from '../support/organisation.ts';
import { AlertStage, expectedSignature } from './alert-stage.ts';

let s: AlertStage;
beforeAll(async () => {
  s = await AlertStage.start();
});
afterAll(() => s?.stop());
beforeEach(() => s.reset());

const deliveries = (alertId: string) =>
  s.t.sql(
    'SELECT attempts, word, doubtful, sent_at IS NOT NULL AS sent FROM alert_deliveries WHERE alert_id = $1 ORDER BY destination_id',
    [alertId],
  );
/** Time passes until whatever may be tried again may be. */
const later = (ms = 40_000) => s.deps.clock.advance(ms);

describe('an alert', () => {
  it('reaches a chat and a webhook, and its event is done with that', async () => {
    await s.destination({ channel: 'telegram' });
    const { secret } = await s.destination();
    const { id, eventId } = await s.raise();
    expect(await s.deliver(eventId)).toBe(true);
    expect(await s.messages()).toMatchObject([
      { chat_id: '-100200', parse_mode: 'HTML', text: expect.stringContaining('Main &amp; &lt;co&gt;') },
    ]);
    const [got, ...more] = s.received;
    expect(more).toEqual([]);
    expect(got?.headers).toMatchObject({ 'webhook-id': id, 'content-type': 'application/json' });
    expect(got?.headers['webhook-timestamp']).toBe(String(Math.floor(s.deps.clock.nowMs() / 1000)));
    expect(got?.headers['webhook-signature']).toBe(got && expectedSignature(secret, got));
    expect(JSON.parse(got?.body ?? '')).toMatchObject({ type: 'alert.bridge-silent', data: { id } });
    expect(await deliveries(id)).toEqual([
      { attempts: 1, word: null, doubtful: false, sent: true },
      { attempts: 1, word: null, doubtful: false, sent: true },
    ]);
  });

  it('is raised once for a period, and told once though its message comes many times at once', async () => {
    await s.destination();
    const { eventId } = await s.raise({ period: 'p' });
    await s.raise({ period: 'p' });
    s.deps.sent.push(...Array.from({ length: 9 }, () => ({ kind: 'outbox' as const, id: eventId })));
    await Promise.all(Array.from({ length: 3 }, () => s.deps.drain()));
    expect(s.received).toHaveLength(1);
    expect(await s.t.sql('SELECT count(*)::int AS n FROM alerts')).toEqual([{ n: 1 }]);
  });

  it('is for all of the deployment’s destinations and those of its user, and for no one else', async () => {
    const [mine, other] = [await makeUser(s), await makeUser(s)];
    const places = { all: null, mine, other };
    for (const [name, userId] of Object.entries(places))
      await s.destination({ userId, address: `${s.hookUrl}&to=${name}` });
    const own = await s.raise({ userId: mine });
    await s.deliver(own.eventId);
    expect(await deliveries(own.id)).toHaveLength(2);
    const general = await s.raise();
    await s.deliver(general.eventId);
    expect(await deliveries(general.id)).toHaveLength(1);
    expect(s.received).toHaveLength(3);
  });

  it('is not for a destination that was revoked, or added after it', async () => {
    const { id } = await s.destination();
    await s.t.sql('UPDATE alert_destinations SET revoked_at = now() WHERE id = $1', [id]);
    const { eventId } = await s.raise();
    s.deps.clock.advance(1);
    await s.destination();
    expect(await s.deliver(eventId)).toBe(true);
    expect(s.received).toEqual([]);
  });

  it('is not for a destination whose maker is no owner or admin any more, or disabled', async () => {
    for (const change of [`role = 'user'`, 'disabled_at = now()']) {
      const { id } = await s.destination();
      await s.t.sql(
        `UPDATE users SET ${change} WHERE id = (SELECT owner_id FROM alert_destinations WHERE id = $1)`,
        [id],
      );
    }
    const { eventId } = await s.raise();
    expect(await s.deliver(eventId)).toBe(true);
    expect(s.received).toEqual([]);
  });

  it('goes to no webhook unsigned: without the key of its secrets nothing is sent', async () => {
    const { id } = await s.destination();
    await s.t.sql(`UPDATE alert_destination_secrets SET key_id = 'gone' WHERE destination_id = $1`, [id]);
    const { eventId } = await s.raise();
    await s.deliver(eventId);
    expect(s.received).toEqual([]);
  });

  it('that nobody is to be told is stored all the same', async () => {
    const { id, eventId } = await s.raise();
    expect(await s.deliver(eventId)).toBe(true);
    expect(await s.t.sql('SELECT id FROM alerts')).toEqual([{ id }]);
  });
});

describe('a destination that fails', () => {
  it('is tried again until it was told, and no other is told twice for that', async () => {
    await s.destination({ channel: 'telegram' });
    await s.destination();
    await s.fault('forbidden', { times: 1 });
    const { id, eventId } = await s.raise();
    expect(await s.deliver(eventId)).toBe(false);
    expect(s.received).toHaveLength(1);
    expect(await deliveries(id)).toContainEqual({
      attempts: 1,
      word: 'refused',
      doubtful: false,
      sent: false,
    });
    later();
    expect(await s.deliver(eventId)).toBe(true);
    expect(s.received).toHaveLength(1);
    expect(await s.messages()).toHaveLength(1);
    expect(await deliveries(id)).toContainEqual({ attempts: 2, word: null, doubtful: false, sent: true });
  });

  it('of Telegram’s flood limit is left alone as long as it asks, within the call or beyond it', async () => {
    await s.destination({ channel: 'telegram' });
    await s.fault('rate_limit', { retry_after: 2 });
    const began = s.deps.clock.nowMs();
    expect(await s.deliver((await s.raise()).eventId), 'waited for').toBe(true);
    expect(s.deps.clock.nowMs() - began).toBe(2_000);
    await s.fault('rate_limit', { retry_after: 600 });
    const { eventId } = await s.raise();
    expect(await s.deliver(eventId)).toBe(false);
    later(599_000);
    expect(await s.deliver(eventId), 'too early').toBe(false);
    expect(await s.messages()).toHaveLength(1);
    later(1_000);
    expect(await s.deliver(eventId)).toBe(true);
  });

  it('whose Telegram may have sent it is told again, and the message says so', async () => {
    await s.destination({ channel: 'telegram' });
    await s.fault('error', { times: 1 });
    const { id, eventId } = await s.raise();
    expect(await s.deliver(eventId), 'not within the call: it may have been sent').toBe(false);
    expect(await deliveries(id)).toEqual([{ attempts: 1, word: 'refused', doubtful: true, sent: false }]);
    later();
    expect(await s.deliver(eventId)).toBe(true);
    expect(await s.messages()).toMatchObject([{ text: expect.stringContaining('Sent again') }]);
  });

  it('as a webhook is told again under the same id, at once and later, with a fresh time and signature', async () => {
    const { secret } = await s.destination();
    let failures = 3;
    s.answer = (response) => {
      failures -= 1;
      response.writeHead(failures >= 0 ? 503 : 204).end();
    };
    const { id, eventId } = await s.raise();
    expect(await s.deliver(eventId)).toBe(false);
    later();
    expect(await s.deliver(eventId)).toBe(true);
    expect(s.received.map((r) => r.headers['webhook-id'])).toEqual([id, id, id, id]);
    for (const got of s.received)
      expect(got.headers['webhook-signature']).toBe(expectedSignature(secret, got));
    expect(new Set(s.received.map((r) => r.headers['webhook-timestamp'])).size).toBeGreaterThan(1);
  });

  it('is brought back by the queue alone until a sweep has touched its event: the sweep may be what is dead', async () => {
    await s.destination();
    s.answer = (r) => r.writeHead(404).end();
    const { id, eventId } = await s.raise();
    expect(await s.deps.drain()).toEqual([]);
    expect(s.deps.delayed).toEqual([{ kind: 'outbox', id: eventId }]);
    await s.t.sql('UPDATE outbox SET attempts = 1 WHERE id = $1', [eventId]);
    later();
    s.deps.sent.push(...s.deps.delayed.splice(0));
    expect(await s.deps.drain()).toHaveLength(1);
    expect(s.deps.delayed).toEqual([]);
    expect(await deliveries(id)).toMatchObject([{ attempts: 2 }]);
  });

  it('says in one of five words why, and never what it answered', async () => {
    await s.destination();
    const words: unknown[] = [];
    for (const answer of [
      (r: Parameters<typeof s.answer>[0]) => r.writeHead(404).end('a secret of the inside'),
      (r: Parameters<typeof s.answer>[0]) => r.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      (r: Parameters<typeof s.answer>[0]) => r.end(Buffer.alloc(100_000)),
      (r: Parameters<typeof s.answer>[0]) => r.destroy(),
    ]) {
      s.answer = answer;
      const { id, eventId } = await s.raise();
      await s.deliver(eventId);
      words.push((await deliveries(id))[0]?.['word']);
    }
    expect(words).toEqual(['refused', 'refused', 'too-large', 'unreachable']);
    const kept = JSON.stringify([await s.t.sql('SELECT * FROM alert_deliveries'), s.deps.lines]);
    expect(kept).not.toContain('a secret of the inside');
    expect(kept).not.toContain('key=1');
  });

  it('that keeps failing is not called any more while its circuit is open; another is', async () => {
    s.deps.breaker = createCircuitBreaker({ redis: null, clock: s.deps.clock });
    await s.destination();
    s.answer = (r) => r.writeHead(500).end();
    const { id, eventId } = await s.raise();
    for (let i = 0; i < 3; i += 1) {
      await s.deliver(eventId);
      await s.t.sql('UPDATE alert_deliveries SET not_before = created_at FROM alerts WHERE id = alert_id');
    }
    expect(s.received).toHaveLength(5);
    expect(await deliveries(id)).toMatchObject([{ word: 'refused' }]);
    await s.deliver(eventId);
    expect(s.received).toHaveLength(5);
    expect(await deliveries(id)).toMatchObject([{ word: 'unreachable' }]);
    s.answer = (r) => r.end();
    await s.destination();
    await s.deliver((await s.raise()).eventId);
    expect(s.received.length).toBeGreaterThan(5);
  });

  it('is given up on with its event, which stays visible as dead', async () => {
    await s.destination();
    s.answer = (r) => r.writeHead(404).end();
    const { eventId } = await s.raise();
    await s.deliver(eventId);
    await s.t.sql('UPDATE outbox SET attempts = $2, dead_at = now() WHERE id = $1', [eventId, MAX_ATTEMPTS]);
    later();
    expect(await s.deliver(eventId)).toBe(false);
    // By then the schedule may be said to have stopped, which is another alert.
    const [first, ...more] = s.received.map(({ body }) => JSON.parse(body).type);
    expect(more).not.toContain(first);
  });
});

describe('without', () => {
  it('a bot nothing goes to Telegram, and the word is refused', async () => {
    await s.destination({ channel: 'telegram' });
    const { TELEGRAM_BOT_TOKEN: _, ...config } = s.deps.config;
    s.deps.config = config;
    const { id, eventId } = await s.raise();
    expect(await s.deliver(eventId)).toBe(false);
    expect(await deliveries(id)).toMatchObject([{ word: 'refused', sent: false }]);
    expect(await s.messages()).toEqual([]);
  });
});

it('the bot’s token stands in no log line and in no row', async () => {
  await s.destination({ channel: 'telegram' });
  await s.fault('error', { times: 5 });
  const { eventId } = await s.raise();
  await s.deliver(eventId);
  const told = JSON.stringify([
    s.deps.lines,
    await s.t.sql('SELECT * FROM outbox'),
    await s.t.sql('SELECT * FROM alert_deliveries'),
  ]);
  expect(told).not.toContain('not-a-real-token');
});
