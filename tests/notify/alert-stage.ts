/**
 * What the tests of alerts stand on: a database, the Telegram of this machine and a webhook that keeps what it gets, both
 * reached by the real outbound caller.
 */
import { createHmac } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { sql } from 'drizzle-orm';
import { insertDestination, type StoredDestination } from '../../functions/notify/destination-store.ts';
import { alertInsert } from '../../functions/platform/alert.ts';
import { need } from '../../functions/platform/config.ts';
import { fetchTransport } from '../../functions/platform/fetch-transport.ts';
import { createOutbound } from '../../functions/platform/outbound.ts';
import { seal } from '../../functions/platform/secret-box.ts';
import { type LoopbackServer, listenLoopback } from '../../infra/local/listen-loopback.ts';
import { startTelegramServer, type TelegramMessage } from '../../infra/local/telegram-server.ts';
import { auditOf, makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

const TOKEN = '1234:not-a-real-token-of-a-bot';

export type Received = { headers: Record<string, string>; body: string };

export class AlertStage {
  readonly t: TestDatabase;
  deps: TestDeps;
  readonly received: Received[] = [];
  /** How the webhook answers; by default with 200. */
  answer: (response: ServerResponse) => void = (response) => response.end();
  #servers: LoopbackServer[] = [];

  private constructor(t: TestDatabase, deps: TestDeps) {
    this.t = t;
    this.deps = deps;
  }

  static async start(): Promise<AlertStage> {
    const t = await createTestDatabase();
    const stage = new AlertStage(t, testDeps(t));
    const hook = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const headers = Object.fromEntries(Object.entries(request.headers).map(([k, v]) => [k, String(v)]));
      stage.received.push({ headers, body: Buffer.concat(parts).toString() });
      stage.answer(response);
    });
    stage.#servers = [await startTelegramServer({ port: 0, token: TOKEN }), await listenLoopback(hook, 0)];
    await stage.reset();
    return stage;
  }

  /** New deps over empty tables of alerts; nothing received, nobody at fault. */
  async reset(): Promise<void> {
    await this.t.sql(
      'TRUNCATE alert_deliveries, alert_destination_secrets, alert_destinations, alerts, outbox',
    );
    this.deps = testDeps(this.t, {
      outbound: createOutbound({ local: true, transport: fetchTransport(null) }),
    });
    this.deps.config = { ...this.deps.config, TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_API_URL: this.telegramUrl };
    // A schedule that is not dead before the next decade, so that no test tells so beside its own alerts.
    await this.t.sql(
      `INSERT INTO schedule_ticks VALUES ('2036-01-01Z', '2036-01-01Z', '2036-01-01Z') ON CONFLICT DO NOTHING`,
    );
    this.received.length = 0;
    this.answer = (response) => response.end();
    await this.fault('error', { times: 0 });
    await fetch(`${this.telegramUrl}/messages`, { method: 'DELETE' });
  }

  get telegramUrl(): string {
    return this.#servers[0]?.url ?? '';
  }

  get hookUrl(): string {
    return `${this.#servers[1]?.url}/hook?key=1`;
  }

  async fault(kind: string, more: { times?: number; retry_after?: number } = {}): Promise<void> {
    await fetch(`${this.telegramUrl}/fault`, { method: 'POST', body: JSON.stringify({ kind, ...more }) });
  }

  async messages(): Promise<TelegramMessage[]> {
    const answer = await fetch(`${this.telegramUrl}/messages`);
    return ((await answer.json()) as { messages: TelegramMessage[] }).messages;
  }

  /** A destination; a webhook with one secret, which is handed back. */
  async destination(over: Partial<StoredDestination> = {}): Promise<{ id: string; secret: Uint8Array }> {
    const { deps } = this;
    const id = deps.ids.next();
    const secret = deps.ids.randomBytes(32);
    const place = { table: 'alert_destination_secrets', row: id, version: 1 };
    const sealed = await seal(need(deps.config, 'ALERT_KEYS'), place, secret, deps.ids.randomBytes(12));
    const channel = over.channel ?? 'webhook';
    const row: StoredDestination = {
      ...{ id, ownerId: await makeUser(this, 'admin'), userId: null, channel, name: 'A place' },
      ...{ address: channel === 'webhook' ? this.hookUrl : '-100200', createdMs: deps.clock.nowMs() },
      revoked: false,
      ...over,
    };
    const first = channel === 'webhook' ? { ...sealed, version: 1 } : null;
    if (!(await insertDestination(deps.db, row, first, auditOf(deps, id)))) throw new Error('no destination');
    return { id, secret };
  }

  /** Raises an alert of one's own; its event waits to be delivered. */
  async raise(
    over: { userId?: string; kind?: string; period?: string } = {},
  ): Promise<{ id: string; eventId: string }> {
    const alert = { id: this.deps.ids.next(), eventId: this.deps.ids.next() };
    const { userId = null, kind = 'bridge-silent', period = alert.id } = over;
    const raised = alertInsert(
      {
        ...{ ...alert, nowMs: this.deps.clock.nowMs(), kind, userId, period },
        ...{ subjectKind: 'account', subjectId: 'a1', detail: { account: 'Main & <co>' } },
      },
      sql`(SELECT 1) AS one`,
    );
    const rows = await this.deps.db.run(sql`WITH ${raised} SELECT id FROM raised`);
    if (rows.length > 0) this.deps.sent.push({ kind: 'outbox', id: alert.eventId });
    return alert;
  }

  /** Delivers an event once more; whether it is done then. */
  async deliver(eventId: string): Promise<boolean> {
    this.deps.sent.push({ kind: 'outbox', id: eventId });
    await this.deps.drain();
    const [row] = await this.t.sql('SELECT done_at FROM outbox WHERE id = $1', [eventId]);
    return row?.['done_at'] !== null;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((s) => s.stop()));
    await this.t.drop();
  }
}

/** The signature that the specification of Standard Webhooks asks for, computed by Node alone. */
export const expectedSignature = (secret: Uint8Array, { headers, body }: Received): string =>
  `v1,${createHmac('sha256', secret)
    .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
    .digest('base64')}`;
