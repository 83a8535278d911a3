// What AWS does between a queue and a function: receives, invokes, and deletes what was not reported as failed.
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';

/** As AWS polls for a function, and as long as a queue lets it: four queues that are asked each second keep two processes busy. */
const LONG_POLL_SECONDS = 20;

type Received = { Messages?: { MessageId: string; ReceiptHandle: string; Body: string }[] };
export type QueuePoller = { stop(): Promise<void> };

/** Polls `queueUrl` at the stand-in's `endpoint` until stopped. What `queue` fails or throws for comes again. */
export function pollQueue(
  endpoint: string,
  queueUrl: string,
  queue: (event: SQSEvent) => Promise<SQSBatchResponse>,
): QueuePoller {
  const ended = new AbortController();
  const ask = async (action: string, input: Record<string, unknown>): Promise<Received> => {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
      body: JSON.stringify({ QueueUrl: queueUrl, ...input }),
      signal: ended.signal,
    });
    return (await answer.json()) as Received;
  };
  const turn = async (): Promise<void> => {
    const { Messages = [] } = await ask('ReceiveMessage', {
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: LONG_POLL_SECONDS,
    });
    if (Messages.length === 0) return;
    const Records = Messages.map(
      (m) => ({ messageId: m.MessageId, receiptHandle: m.ReceiptHandle, body: m.Body }) as SQSRecord,
    );
    const everything = { batchItemFailures: Messages.map((m) => ({ itemIdentifier: m.MessageId })) };
    const { batchItemFailures } = await queue({ Records }).catch(() => everything);
    const failed = new Set(batchItemFailures.map((f) => f.itemIdentifier));
    for (const m of Messages.filter((one) => !failed.has(one.MessageId)))
      await ask('DeleteMessage', { ReceiptHandle: m.ReceiptHandle });
  };
  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) await turn().catch(() => {});
  };
  const running = run();
  return {
    stop: () => {
      ended.abort();
      return running;
    },
  };
}
