/**
 * Tells an alert to everybody it is for. At least once: an alert that came twice is a nuisance, one that never came is not
 * heard of; a webhook knows a repeat by its id, and a message of Telegram says that it may be one.
 */
import { backoffMs, randomUnit } from '../platform/backoff.ts';
import { need } from '../platform/config.ts';
import type { Deps } from '../platform/deps.ts';
import { type OutboxEvent, outboxDone } from '../platform/outbox-store.ts';
import { open } from '../platform/secret-box.ts';
import { type AlertFacts, telegramHtml, webhookBody } from './alert-message.ts';
import { type DeliveryOutcome, refusedCall } from './delivery-outcome.ts';
import {
  countUntold,
  type Destination,
  noteDelivery,
  type TakenDelivery,
  takeDeliveries,
} from './delivery-store.ts';
import { sendTelegram } from './telegram-client.ts';
import { sendWebhook } from './webhook-client.ts';

/** Longer than a sender can be at it: its budget and one last attempt. */
const HELD_MS = 30_000;

/** Until the sweep has touched an event, the queue itself brings it back: the sweep may be what is dead. */
export const AGAIN_SECONDS = 30;

/** Consumer of `alert.raised`. The event is done when nobody is left to be told; until then it comes again. */
export async function sendAlert(deps: Deps, event: OutboxEvent): Promise<void> {
  const alertId = String(event.payload['alert_id']);
  await tellAlert(deps, alertId, false);
  if ((await countUntold(deps.db, alertId)) === 0) {
    await deps.db.run(outboxDone(event.id, deps.clock.nowMs()));
    return;
  }
  if (event.attempts > 0) throw new Error('somebody is still to be told: the event stays to be done');
  await deps.queue.send([{ kind: 'outbox', id: event.id }], AGAIN_SECONDS);
}

/** Tells every destination that is due, all at once; `hurried` makes one attempt of at most five seconds at each. */
export async function tellAlert(deps: Deps, alertId: string, hurried: boolean): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const work = await takeDeliveries(deps.db, alertId, nowMs, nowMs + HELD_MS);
  if (work === null) return;
  await Promise.all(work.taken.map((delivery) => tell(deps, work.alert, delivery, hurried)));
}

async function tell(deps: Deps, alert: AlertFacts, delivery: TakenDelivery, once: boolean): Promise<void> {
  const outcome = await sendTo(deps, delivery, alert, { repeat: delivery.doubtful, once });
  const nowMs = deps.clock.nowMs();
  const pauseMs = backoffMs(delivery.attempts, randomUnit(deps.ids.randomBytes(4)));
  const askedMs = outcome.kind === 'failed' ? (outcome.retryAfterMs ?? 0) : 0;
  const told = { alertId: alert.id, destinationId: delivery.id };
  await noteDelivery(deps.db, told, outcome, nowMs, nowMs + Math.max(pauseMs, askedMs));
}

/** Sends an alert to one destination. `repeat`: it may have arrived before; `once`: no second attempt. */
export async function sendTo(
  deps: Deps,
  destination: Destination,
  alert: AlertFacts,
  how: { repeat: boolean; once: boolean },
): Promise<DeliveryOutcome> {
  switch (destination.channel) {
    case 'telegram':
      return sendTelegram(deps, destination.address, telegramHtml(alert, how.repeat), how.once);
    case 'webhook': {
      const secrets = await Promise.all(
        destination.secrets.map((s) =>
          open(
            need(deps.config, 'ALERT_KEYS'),
            { table: 'alert_destination_secrets', row: destination.id, version: s.version },
            s,
          ),
        ),
      );
      const known = secrets.filter((s) => s !== null);
      // Unsigned it would be anybody's word: the key that sealed its secrets is missing.
      if (known.length === 0) return refusedCall(401, null);
      return sendWebhook(deps, {
        ...{ destinationId: destination.id, url: destination.address, messageId: alert.id },
        ...{ secrets: known, body: webhookBody(alert), once: how.once },
      });
    }
  }
}
