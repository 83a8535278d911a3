import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cloudflareQueue,
  gatheringSender,
  laneQueue,
  sqsQueue,
  type WorkLane,
  type WorkMessage,
} from '../../functions/platform/work-queue.ts';
import { type QueueServer, startQueueServer } from '../../infra/local/queue-server.ts';

const hint = (id: string): WorkMessage => ({ kind: 'outbox', id });

/** A sender with its own clock; `answered` does what was put behind answers, as far as its runtime lets it. */
function isolate(lingers = true) {
  const clock = {
    ms: 1_000,
    nowMs: () => clock.ms,
    sleep: async (ms: number) => {
      clock.ms += ms;
    },
  };
  const behind: (() => Promise<unknown>)[] = [];
  const calls: WorkMessage[][] = [];
  const queue = { send: async (messages: readonly WorkMessage[]) => void calls.push([...messages]) };
  const sendSoon = gatheringSender(queue, clock, 20)((work) => void behind.push(work), lingers);
  const answered = () => Promise.all(behind.splice(0).map((work) => work()));
  return { clock, behind, calls, sendSoon, answered };
}

describe('the lanes', () => {
  const reconcile = (id: string): WorkMessage => ({ kind: 'reconcile', account_id: id });

  const turn = (id: string, slow?: true): WorkMessage => ({
    ...{ kind: 'schedule', account_ids: [id], due_ms: 1 },
    ...(slow && { slow }),
  });

  it('keep what people wait for apart from accounts to be reconciled, and those from slow ones and from pictures, in this order', async () => {
    const sent: [WorkLane, WorkMessage[], number | undefined][] = [];
    const to = (lane: WorkLane) => ({
      send: async (messages: readonly WorkMessage[], delay?: number) =>
        void sent.push([lane, [...messages], delay]),
    });
    const queue = laneQueue({
      events: to('events'),
      reconciles: to('reconciles'),
      slow: to('slow'),
      pictures: to('pictures'),
    });
    const picture: WorkMessage = { kind: 'outbox', id: 'p', picture: true };
    await queue.send([picture, turn('4', true), reconcile('1'), hint('a'), turn('2'), hint('b')], 7);
    expect(sent).toEqual([
      ['events', [hint('a'), hint('b')], 7],
      ['reconciles', [reconcile('1'), turn('2')], 7],
      ['slow', [turn('4', true)], 7],
      ['pictures', [picture], 7],
    ]);
    await queue.send([reconcile('3')]);
    await queue.send([]);
    expect(sent.slice(4)).toEqual([['reconciles', [reconcile('3')], undefined]]);
  });
});

describe('messages that many requests have to send', () => {
  it('leave as one call, put behind the first answer, and the next ones as the next', async () => {
    const { behind, calls, sendSoon, answered } = isolate();
    for (const id of ['a', 'b', 'c']) sendSoon([hint(id)]);
    expect(behind.length).toBe(1);
    expect(calls).toEqual([]);
    await answered();
    sendSoon([hint('d')]);
    await answered();
    expect(calls).toEqual([['a', 'b', 'c'].map(hint), [hint('d')]]);
  });

  it('wait for nobody whose request was ended before it sent them', async () => {
    const { clock, behind, calls, sendSoon, answered } = isolate();
    sendSoon([hint('a')]);
    behind.splice(0);
    clock.ms += 1_020;
    sendSoon([hint('b')]);
    await answered();
    expect(calls).toEqual([['a', 'b'].map(hint)]);
  });

  it('leave each at once where work put off holds up the answer', async () => {
    const { calls, sendSoon, answered } = isolate(false);
    sendSoon([hint('a')]);
    sendSoon([hint('b')]);
    sendSoon([]);
    await answered();
    expect(calls).toEqual([[hint('a')], [hint('b')]]);
  });
});

describe('messages that are to come later', () => {
  const credentials = { accessKeyId: 'k', secretAccessKey: 's' };
  const messages = Array.from({ length: 12 }, (_, n) => hint(String(n)));
  let server: QueueServer;
  beforeAll(async () => {
    server = await startQueueServer({ port: 0, queues: [{ name: 'work' }] });
  });
  afterAll(() => server?.stop());

  it('are kept back by SQS, for as long as it takes an order to', async () => {
    const at = { endpoint: server.url, region: 'eu-central-1', credentials };
    const QueueUrl = server.queueUrl('work');
    const queue = sqsQueue({ ...at, queueUrl: QueueUrl, timeoutMs: 5_000 });
    await queue.send(messages.slice(0, 2));
    // SQS refuses what it should keep for longer than a quarter of an hour.
    for (const seconds of [1, 900, 8_192]) await queue.send(messages, seconds);
    const sqs = new SQSClient({ ...at, maxAttempts: 1 });
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    sqs.destroy();
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '2',
      ApproximateNumberOfMessagesDelayed: '36',
    });
  });

  it('are kept back by Cloudflare no longer', async () => {
    const sent: MessageSendRequest<WorkMessage>[][] = [];
    const binding = {
      sendBatch: async (batch: Iterable<MessageSendRequest<WorkMessage>>) => void sent.push([...batch]),
    };
    const queue = cloudflareQueue(binding as unknown as Queue<WorkMessage>);
    for (const seconds of [undefined, 8, 8_192]) await queue.send([hint('a'), hint('b')], seconds);
    expect(sent).toEqual(
      [0, 8, 900].map((delaySeconds) => ['a', 'b'].map((id) => ({ body: hint(id), delaySeconds }))),
    );
  });
});
