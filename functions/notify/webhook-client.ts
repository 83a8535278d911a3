/**
 * Calls a webhook that somebody gave us, signed as Standard Webhooks says (specification 1.0.0): `webhook-id` stays the
 * same however often it is sent, so a repeat is harmless; while two secrets are live both sign.
 */
import { retryAfterMs } from '../platform/backoff.ts';
import type { Deps } from '../platform/deps.ts';
import { hmacKey } from '../platform/digest.ts';
import { utf8 } from '../platform/encoding.ts';
import type { OutboundReply } from '../platform/outbound.ts';
import { resilientCall } from '../platform/resilient-call.ts';
import { webhookContent, webhookSignature } from '../signals/standard-webhook.ts';
import {
  CIRCUIT_OPEN,
  type DeliveryOutcome,
  failedCall,
  judgedDelivery,
  refusedCall,
} from './delivery-outcome.ts';

const TIMEOUT_MS = 5_000;
/** What it answers is of no interest but for its status. */
const MAX_REPLY_BYTES = 64 * 1024;
const LONGEST_WAIT_MS = 3_600_000;

export type WebhookMessage = {
  destinationId: string;
  url: string;
  /** Live secrets, newest first. */
  secrets: readonly Uint8Array<ArrayBuffer>[];
  /** Names the message, not the attempt. */
  messageId: string;
  body: string;
  /** No second attempt. */
  once: boolean;
};

/** Sends one message. */
export async function sendWebhook(deps: Deps, message: WebhookMessage): Promise<DeliveryOutcome> {
  const { destinationId, url, messageId, body } = message;
  const keys = await Promise.all(message.secrets.map(hmacKey));
  const made = await resilientCall(
    deps,
    {
      ...{ operation: 'webhook-send', service: 'webhook', circuit: `webhook:${destinationId}` },
      ...{ repeatable: true, once: message.once },
    },
    async () => {
      const timestamp = String(Math.floor(deps.clock.nowMs() / 1000));
      const content = webhookContent(messageId, timestamp, utf8(body));
      const signatures = await Promise.all(keys.map((key) => webhookSignature(key, content)));
      const reply = await deps.outbound({
        url,
        headers: {
          'content-type': 'application/json',
          'webhook-id': messageId,
          'webhook-timestamp': timestamp,
          'webhook-signature': signatures.map((s) => `v1,${s}`).join(' '),
        },
        ...{ body, timeoutMs: TIMEOUT_MS, maxBytes: MAX_REPLY_BYTES },
      });
      return outcomeOf(reply, deps.clock.nowMs());
    },
    judgedDelivery,
  );
  return made.kind === 'done' ? made.result : CIRCUIT_OPEN;
}

function outcomeOf(reply: OutboundReply, nowMs: number): DeliveryOutcome {
  // A yes with a body too long for us is a yes nobody can see; the id makes its repeat harmless.
  if (reply.kind === 'failed') return failedCall(reply);
  if (reply.status >= 200 && reply.status < 300) return { kind: 'sent' };
  return refusedCall(reply.status, retryAfterMs(reply.headers.get('retry-after'), nowMs, LONGEST_WAIT_MS));
}
