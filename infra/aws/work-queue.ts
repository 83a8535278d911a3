import { Duration, Validations } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DUTIES, type Duty, PICTURING, RECONCILING, SORTING } from './duties.ts';
import type { DutyFunction } from './duty-function.ts';

const RETENTION = Duration.days(14);

/** Invocations of the reconciling function at once: hanging bridges must not take all that the account has. */
const RECONCILES_AT_ONCE = 100;
/** And of the one for slow bridges, whose work is waiting. */
const SLOW_AT_ONCE = 20;
/** And of the one for pictures: the least that the platform allows. */
const PICTURES_AT_ONCE = 2;

/**
 * The queues that carry outbox events to the `queue` function, accounts to the `reconcile` function and those with slow
 * bridges to the `slow` function, pictures to the `pictures` function, and the place where those go that fail five times. The outbox in Postgres remains the truth: the sweep sends again whatever a lost
 * message would have done.
 */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly reconciles: Queue;
  readonly slow: Queue;
  readonly pictures: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: RETENTION,
    });
    this.queue = this.createQueue('Queue', 'queue');
    this.reconciles = this.createQueue('Reconciles', 'reconcile');
    this.slow = this.createQueue('Slow', 'slow');
    this.pictures = this.createQueue('Pictures', 'pictures');
  }

  private createQueue(id: string, consumer: Duty): Queue {
    return new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(4),
      // Six times the function's timeout (AWS's own rule): a throttled batch must not come back while it runs.
      visibilityTimeout: Duration.seconds(6 * DUTIES[consumer].timeoutSeconds),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });
  }

  /** Lets a function send events, and accounts where its duty has some reconciled, and nothing else. */
  grantSend(sender: DutyFunction): void {
    // Not `grantSendMessages`: it adds two read actions, and the URL is in the environment already.
    this.queue.grant(sender.fn, 'sqs:SendMessage');
    if (RECONCILING.includes(sender.duty)) this.reconciles.grant(sender.fn, 'sqs:SendMessage');
    if (SORTING.includes(sender.duty)) this.slow.grant(sender.fn, 'sqs:SendMessage');
    if (PICTURING.includes(sender.duty)) this.pictures.grant(sender.fn, 'sqs:SendMessage');
  }

  /** Delivers batches of up to 10, and what is slow singly, to the consumers, which report the failed ones one by one. */
  deliverTo(consumers: Readonly<Record<'queue' | 'reconcile' | 'slow' | 'pictures', DutyFunction>>): void {
    const batches = { batchSize: 10, reportBatchItemFailures: true };
    consumers.queue.fn.addEventSource(new SqsEventSource(this.queue, batches));
    consumers.reconcile.fn.addEventSource(
      new SqsEventSource(this.reconciles, { ...batches, maxConcurrency: RECONCILES_AT_ONCE }),
    );
    // What a message names is called at once, and lasts as long as its slowest bridge: a second would wait for it.
    consumers.slow.fn.addEventSource(
      new SqsEventSource(this.slow, { ...batches, batchSize: 1, maxConcurrency: SLOW_AT_ONCE }),
    );
    consumers.pictures.fn.addEventSource(
      new SqsEventSource(this.pictures, { ...batches, batchSize: 5, maxConcurrency: PICTURES_AT_ONCE }),
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
