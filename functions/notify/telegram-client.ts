/** The one call to Telegram's Bot API (core.telegram.org/bots/api#sendmessage). The token stands in its path alone. */
import { retryAfterMs } from '../platform/backoff.ts';
import type { Deps } from '../platform/deps.ts';
import type { OutboundReply } from '../platform/outbound.ts';
import { resilientCall } from '../platform/resilient-call.ts';
import {
  CIRCUIT_OPEN,
  type DeliveryOutcome,
  failedCall,
  judgedDelivery,
  refusedCall,
} from './delivery-outcome.ts';

const API = 'https://api.telegram.org';
const TIMEOUT_MS = 5_000;
const MAX_REPLY_BYTES = 64 * 1024;
/** No flood limit of Telegram's lasts longer. */
const LONGEST_WAIT_MS = 3_600_000;

/** Sends a text in HTML to a chat, `once` without a second attempt. Without a bot's token the word is `refused`. */
export async function sendTelegram(
  deps: Deps,
  chatId: string,
  html: string,
  once: boolean,
): Promise<DeliveryOutcome> {
  const { TELEGRAM_BOT_TOKEN: token, TELEGRAM_API_URL: api = API } = deps.config;
  if (token === undefined) return refusedCall(401, null);
  const body = JSON.stringify({
    chat_id: chatId,
    text: html,
    parse_mode: 'HTML',
    link_preview_options: { is_disabled: true },
  });
  const made = await resilientCall(
    deps,
    { operation: 'telegram-send', service: 'telegram', circuit: 'telegram', repeatable: false, once },
    async () => {
      const reply = await deps.outbound({
        url: `${api}/bot${token}/sendMessage`,
        headers: { 'content-type': 'application/json' },
        ...{ body, timeoutMs: TIMEOUT_MS, maxBytes: MAX_REPLY_BYTES },
      });
      return outcomeOf(reply, deps.clock.nowMs());
    },
    judgedDelivery,
  );
  return made.kind === 'done' ? made.result : CIRCUIT_OPEN;
}

type Answer = { ok?: unknown; parameters?: { retry_after?: unknown } };

function outcomeOf(reply: OutboundReply, nowMs: number): DeliveryOutcome {
  if (reply.kind === 'failed') return failedCall(reply);
  const answer = answerOf(reply.body);
  if (reply.status === 200 && answer.ok === true) return { kind: 'sent' };
  const asked = answer.parameters?.retry_after;
  const wait = typeof asked === 'number' ? String(Math.ceil(asked)) : reply.headers.get('retry-after');
  return refusedCall(reply.status, retryAfterMs(wait, nowMs, LONGEST_WAIT_MS));
}

function answerOf(bytes: Uint8Array): Answer {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
