// Alerts reach the people they are for, by whoever notices, and no secret of theirs is ever shown again.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import { listenLoopback } from '../../infra/local/listen-loopback.ts';
import type { Contract } from './contract-suite.ts';
import { unique, until } from './world.ts';

type Received = { headers: Record<string, unknown>; body: string };

export function alertsContract({ test, ...w }: Contract): void {
  const telegram = w.dev.telegram?.url ?? '';
  const messagesOf = async (chatId: string): Promise<Json[]> => {
    const { messages }: Json = await (await fetch(`${telegram}/messages`)).json();
    return messages.filter((m: Json) => m.chat_id === chatId);
  };
  const chatNumber = () => `-${Number.parseInt(unique().slice(0, 8), 16)}${Date.now() % 1000}`;
  const destination = async (body: Record<string, unknown>): Promise<Json> =>
    w.json(w.owner('POST', '/api/v1/alerts/destinations', { name: unique(), ...body }), 201);
  const revoke = (id: string) => w.json(w.owner('POST', `/api/v1/alerts/destinations/${id}/revoke`));

  /** Runs with a webhook that keeps what it gets. */
  const withHook = async (run: (url: string, received: Received[]) => Promise<void>): Promise<void> => {
    const received: Received[] = [];
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      received.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      response.end();
    });
    const { url, stop } = await listenLoopback(server, 0);
    await run(`${url}/hook`, received).finally(stop);
  };

  test('a test message reaches a chat', async () => {
    const chat_id = chatNumber();
    const { id } = await destination({ channel: 'telegram', chat_id });
    expect(await w.json(w.owner('POST', `/api/v1/alerts/destinations/${id}/test`))).toEqual({
      outcome: 'sent',
    });
    expect(await messagesOf(chat_id)).toMatchObject([{ parse_mode: 'HTML' }]);
    await revoke(id);
  });

  test('a test message reaches a webhook, signed as Standard Webhooks says', async () => {
    await withHook(async (url, received) => {
      const made = await destination({ channel: 'webhook', url });
      const tested = await w.json(w.owner('POST', `/api/v1/alerts/destinations/${made.id}/test`));
      expect(tested).toEqual({ outcome: 'sent' });
      const [got] = received;
      const content = `${got?.headers['webhook-id']}.${got?.headers['webhook-timestamp']}.${got?.body}`;
      const key = Buffer.from(made.secret.slice('whsec_'.length), 'base64');
      expect(got?.headers['webhook-signature']).toBe(
        `v1,${createHmac('sha256', key).update(content).digest('base64')}`,
      );
      const { items } = await w.json(w.owner('GET', '/api/v1/alerts/destinations'));
      expect(JSON.stringify(items)).not.toContain('whsec_');
      await revoke(made.id);
    });
  });

  test('a webhook that cannot be reached is one fixed word', async () => {
    const { id } = await destination({ channel: 'webhook', url: 'http://127.0.0.1:9/' });
    const tested = await w.json(w.owner('POST', `/api/v1/alerts/destinations/${id}/test`));
    expect(tested).toEqual({ outcome: 'unreachable' });
    await revoke(id);
  });

  test('a dead schedule is told by the one who notices, with no tick to do it', async () => {
    const chat_id = chatNumber();
    const { id } = await destination({ channel: 'telegram', chat_id });
    await w.rt.query(`UPDATE schedule_ticks SET finished_at = now() - interval '10 minutes'`);
    await until('the schedule is said to be dead', async () => {
      await w.plain('/readyz');
      return (await messagesOf(chat_id)).some((m) => m.text.includes('The schedule has stopped'));
    });
    await w.rt.tick();
    // The owner's list has everybody's: there may be many newer ones.
    const listed = async (page = 1): Promise<Json> => {
      const { items, next_cursor } = await w.json(
        w.owner('GET', `/api/v1/alerts?page_size=100&page=${page}`),
      );
      const found = items.find((a: Json) => a.kind === 'schedule-dead');
      return found ?? (next_cursor === null ? null : listed(page + 1));
    };
    await until('it is said to be sent', async () =>
      (await listed())?.deliveries.some((d: Json) => d.destination_id === id && d.status === 'sent'),
    );
    await revoke(id);
  });

  test('an account shows how it is connected', async () => {
    const t = await w.trader();
    const account = await w.json(w.as(t.user.token, 'GET', `/api/v1/accounts/${t.accountId}`));
    expect(account.connection).toMatchObject({ state: 'connected', failures: 0 });
    expect(Date.parse(account.connection.last_contact_at)).toBeGreaterThan(0);
  });

  test('a password of MT5 is accepted nowhere', async () => {
    const user = await w.person();
    const url = 'http://127.0.0.1:9/';
    for (const [path, body] of [
      ['/api/v1/bridges', { name: 'a', url }],
      ['/api/v1/accounts', { name: 'a', bridge_id: user.id }],
    ] as const) {
      const refused = await w.refusal(
        w.as(user.token, 'POST', path, { ...body, password: 'x' }),
        422,
        'invalid-body',
      );
      expect(refused.errors).toContainEqual({ pointer: '/password', detail: 'is not a known member' });
    }
  });
}
