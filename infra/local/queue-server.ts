// An HTTP server that speaks the JSON protocol of SQS to queues in memory.
//
// Invariants:
// - A queue exists because it was configured; all others answer QueueDoesNotExist.
// - A batch answers for each entry on its own; a client that goes away while waiting takes no message with it.
// - Signatures are not checked, and nothing outlives the process: the outbox must survive the loss of a queue.
// Source: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference (awsJson1.0).
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type LoopbackServer, listenLoopback } from './listen-loopback.ts';
import { MessageQueue, type QueuedMessage, type ReceiptOutcome } from './message-queue.ts';

const MAX_BODY_BYTES = 2 * 1024 * 1024;
const MAX_MESSAGE_BYTES = 1024 * 1024;
const ACCOUNT = '000000000000';

/** One queue; times in seconds (visibility 30, delay 0 by default). `deadLetterQueue` names another queue. */
export interface QueueDefinition {
  name: string;
  visibilityTimeoutSeconds?: number;
  delaySeconds?: number;
  deadLetterQueue?: string;
  maxReceiveCount?: number;
}

/** Port 0 takes a free one. */
export interface QueueServerOptions {
  port: number;
  queues: readonly QueueDefinition[];
}

export interface QueueServer extends LoopbackServer {
  /** The QueueUrl of a configured queue. */
  queueUrl: (name: string) => string;
}

type Input = Record<string, unknown>;

/** An error of the protocol; `type` is the shape's name. */
class QueueError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

function integer(input: Input, name: string, low: number, high: number): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (Number.isInteger(value) && Number(value) >= low && Number(value) <= high) return Number(value);
  throw new QueueError(
    'InvalidParameterValue',
    `Value ${String(value)} for parameter ${name} is invalid. Must be between ${low} and ${high}.`,
  );
}

function text(input: Input, name: string): string {
  const value = input[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new QueueError('MissingParameter', `The request must contain the parameter ${name}.`);
}

function sendOne(queue: MessageQueue, input: Input): Record<string, string> {
  const body = text(input, 'MessageBody');
  if (Buffer.byteLength(body) > MAX_MESSAGE_BYTES) {
    throw new QueueError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${MAX_MESSAGE_BYTES} bytes.`,
    );
  }
  const attributes = (input.MessageAttributes ?? {}) as Record<string, unknown>;
  const message = queue.send(body, attributes, integer(input, 'DelaySeconds', 0, 900));
  return { MessageId: message.id, MD5OfMessageBody: message.bodyMd5 };
}

function settleReceipt(outcome: ReceiptOutcome): void {
  if (outcome === 'invalid')
    throw new QueueError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
  if (outcome === 'not-in-flight')
    throw new QueueError('MessageNotInflight', 'The message is not in flight.');
}

function eachEntry(input: Input, run: (entry: Input) => Record<string, string>): Record<string, unknown> {
  const entries = input.Entries;
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new QueueError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  }
  if (entries.length > 10)
    throw new QueueError('TooManyEntriesInBatchRequest', 'Maximum number of entries per request are 10.');
  const ids = entries.map((entry: Input) => text(entry, 'Id'));
  if (new Set(ids).size < ids.length)
    throw new QueueError('BatchEntryIdsNotDistinct', 'Two or more batch entries have the same Id.');
  const Successful: Record<string, string>[] = [];
  const Failed: Record<string, unknown>[] = [];
  for (const entry of entries as Input[]) {
    const Id = text(entry, 'Id');
    try {
      Successful.push({ Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof QueueError)) throw error;
      Failed.push({ Id, Code: error.type, Message: error.message, SenderFault: true });
    }
  }
  return { Successful, Failed };
}

function received(message: QueuedMessage): Record<string, unknown> {
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt,
    MD5OfBody: message.bodyMd5,
    Body: message.body,
    Attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(message.sentAtMs),
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs ?? message.sentAtMs),
      SenderId: ACCOUNT,
    },
    ...(Object.keys(message.attributes).length > 0 ? { MessageAttributes: message.attributes } : {}),
  };
}

async function receive(
  queue: MessageQueue,
  input: Input,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const limit = integer(input, 'MaxNumberOfMessages', 1, 10) ?? 1;
  const waitSeconds = integer(input, 'WaitTimeSeconds', 0, 20) ?? 0;
  const messages = await queue.receive(
    limit,
    waitSeconds,
    integer(input, 'VisibilityTimeout', 0, 43_200),
    signal,
  );
  return messages.length > 0 ? { Messages: messages.map(received) } : {};
}

function attributesOf(queue: MessageQueue, input: Input): Record<string, unknown> {
  const { visible, inFlight, delayed } = queue.counts();
  const all: Record<string, string> = {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    VisibilityTimeout: String(queue.settings.visibilityTimeoutSeconds),
    DelaySeconds: String(queue.settings.delaySeconds),
  };
  const wanted = input.AttributeNames;
  const names = Array.isArray(wanted) ? wanted : [];
  return {
    Attributes: Object.fromEntries(
      Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name)),
    ),
  };
}

async function perform(
  action: string,
  queue: MessageQueue,
  input: Input,
  signal: AbortSignal,
): Promise<unknown> {
  const remove = (entry: Input): Record<string, string> => {
    settleReceipt(queue.delete(text(entry, 'ReceiptHandle')));
    return {};
  };
  switch (action) {
    case 'SendMessage':
      return sendOne(queue, input);
    case 'SendMessageBatch':
      return eachEntry(input, (entry) => sendOne(queue, entry));
    case 'ReceiveMessage':
      return receive(queue, input, signal);
    case 'DeleteMessage':
      return remove(input);
    case 'DeleteMessageBatch':
      return eachEntry(input, remove);
    case 'ChangeMessageVisibility':
      settleReceipt(
        queue.changeVisibility(
          text(input, 'ReceiptHandle'),
          integer(input, 'VisibilityTimeout', 0, 43_200) ?? 0,
        ),
      );
      return {};
    case 'GetQueueAttributes':
      return attributesOf(queue, input);
    case 'PurgeQueue':
      queue.purge();
      return {};
    default:
      throw new QueueError('UnsupportedOperation', `The action ${action} is not valid for this endpoint.`);
  }
}

function makeQueues(definitions: readonly QueueDefinition[]): Map<string, MessageQueue> {
  const queues = new Map<string, MessageQueue>();
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const make = (definition: QueueDefinition, above: readonly string[]): MessageQueue => {
    const known = queues.get(definition.name);
    if (known !== undefined) return known;
    const { deadLetterQueue } = definition;
    const target = deadLetterQueue === undefined ? undefined : byName.get(deadLetterQueue);
    if (deadLetterQueue !== undefined && (target === undefined || above.includes(deadLetterQueue))) {
      throw new Error(`queue ${definition.name}: dead-letter queue ${deadLetterQueue} is not defined`);
    }
    const queue = new MessageQueue({
      visibilityTimeoutSeconds: definition.visibilityTimeoutSeconds ?? 30,
      delaySeconds: definition.delaySeconds ?? 0,
      redrive: target && {
        deadLetters: make(target, [...above, definition.name]),
        maxReceiveCount: definition.maxReceiveCount ?? 3,
      },
    });
    queues.set(definition.name, queue);
    return queue;
  };
  for (const definition of definitions) make(definition, [definition.name]);
  return queues;
}

async function readInput(request: IncomingMessage): Promise<Input> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) throw new QueueError('BatchRequestTooLong', 'The request is too long.');
  try {
    const input: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (typeof input === 'object' && input !== null) return input as Input;
  } catch {
    // Falls through to the one answer for everything that is no JSON object.
  }
  throw new QueueError('SerializationException', 'The request is no JSON object.');
}

async function answer(
  queues: ReadonlyMap<string, MessageQueue>,
  base: string,
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<unknown> {
  const target = request.headers['x-amz-target'];
  const action = typeof target === 'string' && target.startsWith('AmazonSQS.') ? target.slice(10) : '';
  const input = await readInput(request);
  const name =
    action === 'GetQueueUrl' ? text(input, 'QueueName') : text(input, 'QueueUrl').split('/').at(-1);
  const queue = queues.get(name ?? '');
  if (queue === undefined) throw new QueueError('QueueDoesNotExist', 'The specified queue does not exist.');
  if (action === 'GetQueueUrl') return { QueueUrl: `${base}/${ACCOUNT}/${name}` };
  return perform(action, queue, input, signal);
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const json = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/x-amz-json-1.0',
    'Content-Length': Buffer.byteLength(json),
    'x-amzn-RequestId': randomUUID(),
  });
  response.end(json);
}

/** Starts the server on 127.0.0.1. Throws for a dead-letter queue that is not defined, and what `listen` throws. */
export async function startQueueServer(options: QueueServerOptions): Promise<QueueServer> {
  const queues = makeQueues(options.queues);
  let base = '';
  const server = createServer((request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    answer(queues, base, request, gone.signal).then(
      (body) => reply(response, 200, body),
      (error: unknown) => {
        if (error instanceof QueueError) {
          reply(response, 400, { __type: `com.amazonaws.sqs#${error.type}`, message: error.message });
        } else {
          console.error(error);
          reply(response, 500, { __type: 'com.amazonaws.sqs#InternalFailure', message: 'internal error' });
        }
      },
    );
  });
  const listening = await listenLoopback(server, options.port);
  base = listening.url;
  return { ...listening, queueUrl: (name) => `${base}/${ACCOUNT}/${name}` };
}
