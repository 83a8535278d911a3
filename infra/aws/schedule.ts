import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DutyFunction } from './duty-function.ts';
import { createUndeliveredQueue } from './work-queue.ts';

/**
 * The tick: every minute EventBridge Scheduler calls the `schedule` function with `{"time": "<scheduled time>"}`.
 * Delivery is at least once and within about a minute, which the tick's lease in Postgres allows for.
 */
export class TickSchedule extends Construct {
  readonly undelivered: Queue;

  constructor(scope: Construct, id: string, target: DutyFunction) {
    super(scope, id);
    this.undelivered = createUndeliveredQueue(this, 'Undelivered');
    const role = new Role(this, 'Role', {
      // The scheduler serves every account; without the condition a foreign schedule could borrow this role.
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });

    // The scheduler invokes asynchronously: without this Lambda would itself repeat a failed tick twice, minutes
    // later and beside newer ones. The next minute is the retry.
    target.fn.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });

    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::<${functionLogicalId(target)}.Arn>:*]`,
      reason:
        'CDK also names the versions of the one function; there are none, and no other function is reached.',
    });

    new Schedule(this, 'EveryMinute', {
      description: 'Countersign tick: reconciliation, expiry, outbox sweep',
      schedule: ScheduleExpression.rate(Duration.minutes(1)),
      target: new LambdaInvoke(target.fn, {
        role,
        input: ScheduleTargetInput.fromObject({ time: ContextAttribute.scheduledTime }),
        retryAttempts: 2,
        maxEventAge: Duration.minutes(1),
        deadLetterQueue: this.undelivered,
      }),
    });
  }
}

/** cdk-nag names a resource in a finding by its logical id in the template. */
function functionLogicalId({ fn }: DutyFunction): string {
  const resource = fn.node.defaultChild;
  if (!(resource instanceof CfnFunction))
    throw new Error('a Lambda function without its CloudFormation resource');
  return String(Stack.of(fn).resolve(resource.logicalId));
}
