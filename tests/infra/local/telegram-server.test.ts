import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LoopbackServer } from '../../../infra/local/listen-loopback.ts';
import { startTelegramServer, type TelegramMessage } from '../../../infra/local/telegram-server.ts';

const TOKEN = '1:token-of-a-bot';
let server: LoopbackServer;
beforeAll(async () => {
  server = await startTelegramServer({ port: 0, token: TOKEN });
});
afterAll(() => server.stop());
beforeEach(async () => {
  await fetch(`${server.url}/messages`, { method: 'DELETE' });
  await control('/fault', { kind: 'error', times: 0 });
});

const control = (path: string, body: unknown) =>
  fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
const send = (body: unknown, token = TOKEN, timeoutMs = 5_000) =>
  fetch(`${server.url}/bot${token}/sendMessage`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
const taken = async (): Promise<string[]> => {
  const { messages } = (await (await fetch(`${server.url}/messages`)).json()) as {
    messages: TelegramMessage[];
  };
  return messages.map((m) => m.text);
};

describe('Telegram on this machine', () => {
  it('takes a message of the bot, and lists it', async () => {
    const answer = await send({ chat_id: '-100', text: '<b>a</b> &amp; b', parse_mode: 'HTML' });
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { ok: true, result: { chat: { id: '-100' } } },
    ]);
    expect(await taken()).toEqual(['<b>a</b> &amp; b']);
  });

  it.each([
    ['of another bot', { chat_id: '1', text: 'a' }, '2:other', 401],
    ['without a text', { chat_id: '1', text: '' }, TOKEN, 400],
    ['without a chat', { text: 'a' }, TOKEN, 400],
    ['over 4096 characters', { chat_id: '1', text: 'a'.repeat(4097) }, TOKEN, 400],
    ['with a bare <', { chat_id: '1', text: 'a < b', parse_mode: 'HTML' }, TOKEN, 400],
    ['with a bare &', { chat_id: '1', text: 'a & b', parse_mode: 'HTML' }, TOKEN, 400],
    ['with a tag left open', { chat_id: '1', text: '<b>a', parse_mode: 'HTML' }, TOKEN, 400],
    ['with an unknown tag', { chat_id: '1', text: '<x>a</x>', parse_mode: 'HTML' }, TOKEN, 400],
  ])('refuses one %s', async (_what, body, token, status) => {
    const answer = await send(body, token);
    expect([answer.status, await answer.json()]).toMatchObject([status, { ok: false, error_code: status }]);
    expect(await taken()).toEqual([]);
  });

  it('fails on demand, as often as it was told', async () => {
    await control('/fault', { kind: 'rate_limit', times: 1, retry_after: 7 });
    const limited = await send({ chat_id: '1', text: 'a' });
    expect([limited.status, await limited.json()]).toMatchObject([429, { parameters: { retry_after: 7 } }]);
    expect((await send({ chat_id: '1', text: 'b' })).status).toBe(200);
    for (const [kind, status] of [
      ['error', 500],
      ['forbidden', 403],
    ] as const) {
      await control('/fault', { kind });
      expect((await send({ chat_id: '1', text: kind })).status).toBe(status);
    }
    expect(await taken()).toEqual(['b']);
  });

  it('hangs on demand, having taken the message or not', async () => {
    for (const kind of ['hang', 'hang_after']) {
      await control('/fault', { kind });
      await expect(send({ chat_id: '1', text: kind }, TOKEN, 200)).rejects.toThrow();
    }
    expect(await taken()).toEqual(['hang_after']);
  });

  it('refuses a fault that it does not know', async () => {
    expect((await control('/fault', { kind: 'fire' })).status).toBe(400);
  });
});
