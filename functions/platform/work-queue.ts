/**
 * The queues that carry work after a commit. At-least-once and unordered on both clouds, and locally in memory:
 * a message is only a hint, the outbox row is the truth. Each lane is a queue of its own with consumers of its own, so that
 * what people wait for never stands behind what the schedule looks at.
 */
import { AwsClient } from 'aws4fetch';
import type { Clock } from './clock.ts';

/**
 * A message: which kind of work, and the ids of its rows. At most a few thousand bytes. `reconcile`: something happened that
 * one account's books are to learn of. `schedule`: accounts whose turn came at `due_ms` (epoch milliseconds); one that was
 * looked at since then has had it. `slow`: their bridges are known to take long. `picture`: nobody waits for it.
 */
export type WorkMessage =
  | { kind: 'outbox'; id: string; picture?: true }
  | { kind: 'reconcile'; account_id: string; slow?: true }
  | { kind: 'schedule'; account_ids: readonly string[]; due_ms: number; slow?: true };

/**
 * `events`: approvals, commands, alerts. `reconciles`: accounts whose books are compared; those whose bridges take long to
 * answer are `slow`, and nobody else waits with them. `pictures` of signals and trades are drawn when there is time. In
 * this order, where several are at hand.
 */
export const WORK_LANES = ['events', 'reconciles', 'slow', 'pictures'] as const;
export type WorkLane = (typeof WORK_LANES)[number];

/** The lane of a message. */
export const laneOf = (message: WorkMessage): WorkLane => {
  if (message.kind === 'outbox') return message.picture === true ? 'pictures' : 'events';
  return message.slow === true ? 'slow' : 'reconciles';
};

export type WorkQueue = {
  /**
   * Sends the messages, which come `delaySeconds` later, or after a quarter of an hour where that is longer: nobody may
   * count on more. Throws where the queue refused, and the sweep will send them again.
   */
  send(messages: readonly WorkMessage[], delaySeconds?: number): Promise<void>;
};

/** One queue over those of the lanes. */
export const laneQueue = (lanes: Readonly<Record<WorkLane, WorkQueue>>): WorkQueue => ({
  send: async (messages, delaySeconds) => {
    for (const lane of WORK_LANES) {
      const own = messages.filter((m) => laneOf(m) === lane);
      if (own.length > 0) await lanes[lane].send(own, delaySeconds);
    }
  },
});

/** Sends behind the answer; what is lost on the way the sweep sends again. */
export type SendSoon = (messages: readonly WorkMessage[]) => void;

/** After this a request that had promised to send is taken for ended by its runtime. */
const ABANDONED_MS = 1_000;

/**
 * Gathers what many requests of an isolate have to say for `waitMs` and sends it as one call, so that a load costs few
 * calls and its events come to the consumer together. What it returns binds one request's `after`; one whose `after` may
 * not linger sends its own.
 */
export function gatheringSender(
  queue: WorkQueue,
  clock: Clock,
  waitMs: number,
): (after: (work: () => Promise<unknown>) => void, lingers: boolean) => SendSoon {
  const waiting: WorkMessage[] = [];
  let plannedMs = Number.NEGATIVE_INFINITY;
  return (after, lingers) => (messages) => {
    if (messages.length === 0) return;
    if (!lingers) return after(() => queue.send(messages));
    waiting.push(...messages);
    const nowMs = clock.nowMs();
    if (nowMs < plannedMs + ABANDONED_MS) return;
    plannedMs = nowMs + waitMs;
    after(async () => {
      await clock.sleep(waitMs);
      plannedMs = Number.NEGATIVE_INFINITY;
      await queue.send(waiting.splice(0));
    });
  };
}

/** The longest that both clouds keep a message back; Cloudflare would for hours. */
const MAX_DELAY_SECONDS = 900;

/** Both clouds take at most ten (SQS) or a hundred (Cloudflare) a call. */
const SQS_BATCH = 10;
const CLOUDFLARE_BATCH = 100;

const pages = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** Cloudflare Queues. */
export function cloudflareQueue(binding: Queue<WorkMessage>): WorkQueue {
  return {
    async send(messages, delaySeconds = 0) {
      const delay = Math.min(delaySeconds, MAX_DELAY_SECONDS);
      for (const page of pages(messages, CLOUDFLARE_BATCH))
        await binding.sendBatch(page.map((body) => ({ body, delaySeconds: delay })));
    },
  };
}

/** Amazon SQS over its JSON protocol; credentials come from the function's role. */
export function sqsQueue(options: {
  queueUrl: string;
  endpoint: string | undefined;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  timeoutMs: number;
}): WorkQueue {
  const client = new AwsClient({
    ...options.credentials,
    region: options.region,
    service: 'sqs',
    retries: 2,
  });
  const endpoint = options.endpoint ?? `https://sqs.${options.region}.amazonaws.com/`;
  return {
    async send(messages, delaySeconds = 0) {
      for (const page of pages(messages, SQS_BATCH)) {
        const entries = page.map((m, i) => ({
          Id: String(i),
          MessageBody: JSON.stringify(m),
          DelaySeconds: Math.min(delaySeconds, MAX_DELAY_SECONDS),
        }));
        const answer = await client.fetch(endpoint, {
          method: 'POST',
          headers: {
            'content-type': 'application/x-amz-json-1.0',
            'x-amz-target': 'AmazonSQS.SendMessageBatch',
          },
          body: JSON.stringify({ QueueUrl: options.queueUrl, Entries: entries }),
          signal: AbortSignal.timeout(options.timeoutMs),
        });
        const body: { Failed?: unknown[] } = answer.ok ? await answer.json() : {};
        if (!answer.ok || (body.Failed?.length ?? 0) > 0) throw new Error('the work queue refused a message');
      }
    },
  };
}
