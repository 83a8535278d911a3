// Telegram's `sendMessage` on this machine: it checks what Telegram checks, keeps the messages, and fails on demand.
//
// Invariants:
// - `POST /bot<token>/sendMessage` answers in the form of Telegram's Bot API; a wrong token is its 401.
// - `GET /messages` lists what was taken, oldest first; `DELETE /messages` forgets it.
// - `POST /fault {kind, times, retry_after}` arms a fault; `hang_after` takes the message and never answers.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { type LoopbackServer, listenLoopback } from './listen-loopback.ts';
import { parsedJson } from './stack-folder.ts';

const MAX_BODY_BYTES = 256 * 1024;
const MAX_TEXT = 4096;
const MAX_KEPT = 10_000;

const message = z.looseObject({
  chat_id: z.union([z.string().min(1), z.number()]),
  text: z.string().min(1),
  parse_mode: z.enum(['HTML', 'MarkdownV2', 'Markdown']).optional(),
});
const fault = z.strictObject({
  kind: z.enum(['rate_limit', 'error', 'forbidden', 'hang', 'hang_after']),
  times: z.int().min(0).max(10_000).default(1),
  retry_after: z.int().min(0).max(3600).default(1),
});
type Fault = z.output<typeof fault>;

/** A message as it was taken. */
export interface TelegramMessage {
  message_id: number;
  chat_id: string;
  text: string;
  parse_mode: string | null;
  received_at: string;
}

/** Starts the server on 127.0.0.1:`port` (0 takes a free one) for the bot of this token. */
export function startTelegramServer(options: { port: number; token: string }): Promise<LoopbackServer> {
  const messages: TelegramMessage[] = [];
  let armed: Fault | null = null;
  const takeFault = (): Fault | null => {
    if (armed === null || armed.times === 0) return null;
    armed = { ...armed, times: armed.times - 1 };
    return armed;
  };
  const arm = (body: string): [number, object] => {
    const given = fault.safeParse(parsedJson(body));
    if (!given.success) return [400, { error: z.prettifyError(given.error) }];
    armed = given.data;
    return [200, { armed }];
  };
  const send = (body: string): [number, object] | null => {
    const hit = takeFault();
    if (hit?.kind === 'hang') return null;
    if (hit?.kind === 'rate_limit')
      return refusal(429, `Too Many Requests: retry after ${hit.retry_after}`, {
        retry_after: hit.retry_after,
      });
    if (hit?.kind === 'error') return refusal(500, 'Internal Server Error');
    if (hit?.kind === 'forbidden') return refusal(403, 'Forbidden: bot was blocked by the user');
    const given = message.safeParse(parsedJson(body));
    if (!given.success) return refusal(400, 'Bad Request: message text is empty or chat not found');
    const { chat_id, text, parse_mode } = given.data;
    if (text.length > MAX_TEXT) return refusal(400, 'Bad Request: message is too long');
    if (parse_mode === 'HTML' && !isTelegramHtml(text))
      return refusal(400, "Bad Request: can't parse entities");
    const taken = {
      ...{ message_id: (messages.at(-1)?.message_id ?? 0) + 1, chat_id: String(chat_id), text },
      ...{ parse_mode: parse_mode ?? null, received_at: new Date().toISOString() },
    };
    messages.push(taken);
    if (messages.length > MAX_KEPT) messages.shift();
    if (hit?.kind === 'hang_after') return null;
    return [200, { ok: true, result: { message_id: taken.message_id, chat: { id: chat_id }, text } }];
  };
  const answer = (route: string, body: string): [number, object] | null => {
    const bot = /^POST \/bot([^/]+)\/sendMessage$/.exec(route);
    if (bot) return bot[1] === options.token ? send(body) : refusal(401, 'Unauthorized');
    if (route === 'GET /messages') return [200, { messages }];
    if (route === 'DELETE /messages') return [200, { forgotten: messages.splice(0).length }];
    if (route === 'POST /fault') return arm(body);
    return refusal(404, 'Not Found');
  };
  const server = createServer((request, response) => void respond(request, response, answer));
  return listenLoopback(server, options.port);
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (route: string, body: string) => [number, object] | null,
): Promise<void> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= MAX_BODY_BYTES) parts.push(part);
  }
  const path = new URL(request.url ?? '/', 'http://loopback').pathname;
  const made =
    size > MAX_BODY_BYTES
      ? refusal(413, 'Request Entity Too Large')
      : answer(`${request.method} ${path}`, Buffer.concat(parts).toString());
  // A hanging answer ends with the caller's patience.
  if (made === null) return;
  response.writeHead(made[0], { 'content-type': 'application/json' }).end(JSON.stringify(made[1]));
}

const refusal = (status: number, description: string, parameters?: object): [number, object] => [
  status,
  { ok: false, error_code: status, description, ...(parameters ? { parameters } : {}) },
];

/** Whether the text is of Telegram's HTML as far as we use it: known tags, closed in order, known entities. */
function isTelegramHtml(text: string): boolean {
  const open: string[] = [];
  for (const [, close, name] of text.matchAll(/<(\/?)([a-z]+)>/g)) {
    if (!['b', 'i', 'u', 's', 'code', 'pre'].includes(name ?? '')) return false;
    if (close !== '/') open.push(name ?? '');
    else if (open.pop() !== name) return false;
  }
  const plain = text.replaceAll(/<\/?[a-z]+>/g, '').replaceAll(/&(amp|lt|gt|quot|#\d{1,7});/g, '');
  return open.length === 0 && !/[<>&]/.test(plain);
}
