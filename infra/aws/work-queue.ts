import { Duration, Validations } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DUTIES } from './duties.ts';
import type { DutyFunction } from './duty-function.ts';

const RETENTION = Duration.days(14);

/**
 * The queue that carries outbox events to the `queue` function, and the place where those go that fail five times.
 * The outbox in Postgres remains the truth: the sweep sends again whatever a lost message would have done.
 */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: RETENTION,
    });
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(4),
      // Six times the function's timeout (AWS's own rule): a throttled batch must not come back while it runs.
      visibilityTimeout: Duration.seconds(6 * DUTIES.queue.timeoutSeconds),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });
  }

  /** Lets a function send events, and nothing else. */
  grantSend(sender: DutyFunction): void {
    // Not `grantSendMessages`: it adds two read actions, and the URL is in the environment already.
    this.queue.grant(sender.fn, 'sqs:SendMessage');
  }

  /** Delivers batches of up to 10 to the consumer, which reports the failed ones one by one. */
  deliverTo(consumer: DutyFunction): void {
    consumer.fn.addEventSource(
      new SqsEventSource(this.queue, { batchSize: 10, reportBatchItemFailures: true }),
    );
  }
}

/** A queue that only ever receives what a scheduler could not deliver. */
export function createUndeliveredQueue(scope: Construct, id: string): Queue {
  const queue = new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: RETENTION,
  });
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason:
      'It is itself the dead letter queue of a schedule, which the rule cannot see; an alarm watches it.',
  });
  return queue;
}
