import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type QueueServer, startQueueServer } from '../../../infra/local/queue-server.ts';

let server: QueueServer;
let sqs: SQSClient;
let QueueUrl: string;
let deadUrl: string;

const receive = (options: Partial<ConstructorParameters<typeof ReceiveMessageCommand>[0]> = {}) =>
  sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
      ...options,
    }),
  );

beforeAll(async () => {
  server = await startQueueServer({
    port: 0,
    queues: [
      { name: 'events', visibilityTimeoutSeconds: 30, deadLetterQueue: 'dead', maxReceiveCount: 2 },
      { name: 'dead' },
    ],
  });
  QueueUrl = server.queueUrl('events');
  deadUrl = server.queueUrl('dead');
  sqs = new SQSClient({
    endpoint: server.url,
    region: 'eu-central-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'k', secretAccessKey: 's' },
  });
});

beforeEach(async () => {
  await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  await sqs.send(new PurgeQueueCommand({ QueueUrl: deadUrl }));
});

afterAll(async () => {
  sqs?.destroy();
  await server?.stop();
});

describe('through @aws-sdk/client-sqs', () => {
  it('delivers a message once until it is deleted', async () => {
    const MessageAttributes = { kind: { DataType: 'String', StringValue: 'signal' } };
    const sent = await sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: '{"ü":1}', MessageAttributes }),
    );
    const { Messages = [] } = await receive({ MessageAttributeNames: ['All'] });
    expect(Messages).toHaveLength(1);
    expect(Messages[0]).toMatchObject({
      MessageId: sent.MessageId,
      Body: '{"ü":1}',
      Attributes: { ApproximateReceiveCount: '1' },
      MessageAttributes,
    });
    expect((await receive()).Messages).toBeUndefined();
    const ReceiptHandle = Messages[0]?.ReceiptHandle;
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    });
  });

  it('sends and deletes in batches, each entry for itself', async () => {
    const entry = (Id: string, DelaySeconds?: number) => ({ Id, MessageBody: `body ${Id}`, DelaySeconds });
    const sent = await sqs.send(
      new SendMessageBatchCommand({ QueueUrl, Entries: [entry('a'), entry('b'), entry('c', 901)] }),
    );
    expect(sent.Successful?.map(({ Id }) => Id)).toEqual(['a', 'b']);
    expect(sent.Failed).toEqual([
      expect.objectContaining({ Id: 'c', Code: 'InvalidParameterValue', SenderFault: true }),
    ]);
    const { Messages = [] } = await receive();
    expect(Messages.map(({ Body }) => Body)).toEqual(['body a', 'body b']);
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    const removed = await sqs.send(
      new DeleteMessageBatchCommand({ QueueUrl, Entries: [...Entries, { Id: 'x', ReceiptHandle: 'bad' }] }),
    );
    expect(removed.Successful).toHaveLength(2);
    expect(removed.Failed).toEqual([expect.objectContaining({ Id: 'x', Code: 'ReceiptHandleIsInvalid' })]);
    await expect(sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: [] }))).rejects.toMatchObject({
      name: 'EmptyBatchRequest',
    });
    const twice = new SendMessageBatchCommand({ QueueUrl, Entries: [entry('a'), entry('a')] });
    await expect(sqs.send(twice)).rejects.toMatchObject({ name: 'BatchEntryIdsNotDistinct' });
    const eleven = new SendMessageBatchCommand({
      QueueUrl,
      Entries: Array.from({ length: 11 }, (_, n) => entry(String(n))),
    });
    await expect(sqs.send(eleven)).rejects.toMatchObject({ name: 'TooManyEntriesInBatchRequest' });
  });

  it('waits for a message, also for a delayed one', async () => {
    expect((await receive({ WaitTimeSeconds: 1 })).Messages).toBeUndefined();
    const waiting = receive({ WaitTimeSeconds: 20 });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'delayed', DelaySeconds: 1 }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessagesDelayed'] }),
    );
    expect(Attributes).toEqual({ ApproximateNumberOfMessagesDelayed: '1' });
    expect((await waiting).Messages?.map(({ Body }) => Body)).toEqual(['delayed']);
  });

  it('hands a message out again when its time is over, and the old receipt deletes nothing', async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'again' }));
    const [first] = (await receive({ VisibilityTimeout: 1 })).Messages ?? [];
    const [second] = (await receive({ WaitTimeSeconds: 5 })).Messages ?? [];
    expect(second).toMatchObject({
      MessageId: first?.MessageId,
      Attributes: { ApproximateReceiveCount: '2' },
    });
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes?.ApproximateNumberOfMessagesNotVisible).toBe('1');
  });

  it('moves what fails twice to the dead letters', async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'poison' }));
    for (let turn = 0; turn < 2; turn += 1) {
      const [message] = (await receive()).Messages ?? [];
      expect(message?.Body).toBe('poison');
      const giveBack = { QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 };
      await sqs.send(new ChangeMessageVisibilityCommand(giveBack));
      await expect(sqs.send(new ChangeMessageVisibilityCommand(giveBack))).rejects.toMatchObject({
        name: 'MessageNotInflight',
      });
    }
    expect((await receive()).Messages).toBeUndefined();
    expect((await receive({ QueueUrl: deadUrl })).Messages?.map(({ Body }) => Body)).toEqual(['poison']);
  });

  it('names an unknown queue and wrong values', async () => {
    const unknown = new SendMessageCommand({ QueueUrl: server.queueUrl('nope'), MessageBody: 'x' });
    await expect(sqs.send(unknown)).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    await expect(receive({ WaitTimeSeconds: 21 })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(receive({ MaxNumberOfMessages: 11 })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
  });
});

describe('on the wire', () => {
  it('answers aws4fetch', async () => {
    const aws = new AwsClient({
      accessKeyId: 'k',
      secretAccessKey: 's',
      service: 'sqs',
      region: 'eu-central-1',
      retries: 0,
    });
    const response = await aws.fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' },
      body: JSON.stringify({ QueueUrl, MessageBody: 'hello' }),
    });
    expect(await response.json()).toEqual({
      MessageId: expect.any(String),
      MD5OfMessageBody: '5d41402abc4b2a76b9719d911017c592',
    });
    expect((await receive()).Messages?.[0]?.Body).toBe('hello');
  });

  it('takes no message for a client that has gone', async () => {
    const gone = new AbortController();
    const lost = fetch(server.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonSQS.ReceiveMessage' },
      body: JSON.stringify({ QueueUrl, WaitTimeSeconds: 20 }),
      signal: gone.signal,
    });
    setTimeout(() => gone.abort(), 200);
    await expect(lost).rejects.toThrow();
    await new Promise((done) => setTimeout(done, 200));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'kept' }));
    expect((await receive()).Messages?.map(({ Body }) => Body)).toEqual(['kept']);
  });

  it('answers nonsense with 400', async () => {
    const status = async (body: string, target: string): Promise<number> =>
      (await fetch(server.url, { method: 'POST', body, headers: { 'x-amz-target': target } })).status;
    expect(await status('{', 'AmazonSQS.SendMessage')).toBe(400);
    expect(await status('{}', 'AmazonSQS.SendMessage')).toBe(400);
    expect(await status(JSON.stringify({ QueueUrl }), 'AmazonSQS.AddPermission')).toBe(400);
  });

  it('refuses a dead-letter queue that is not defined', async () => {
    const start = startQueueServer({ port: 0, queues: [{ name: 'a', deadLetterQueue: 'missing' }] });
    await expect(start).rejects.toThrow(/missing is not defined/);
  });
});
