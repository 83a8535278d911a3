import { ArnFormat, CfnCondition, CfnParameter, Duration, Fn, Stack } from 'aws-cdk-lib';
import type { HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSubscription, Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DUTY_NAMES, type Duty } from './duties.ts';
import type { DutyFunction } from './duty-function.ts';

/** What is watched. */
export interface AlarmsProps {
  readonly functions: Readonly<Record<Duty, DutyFunction>>;
  readonly deadLetters: Queue;
  readonly undeliveredTicks: Queue;
  readonly apiStage: HttpStage;
}

const ONE_MINUTE = Duration.minutes(1);
const FIVE_MINUTES = Duration.minutes(5);

/** Alarms that mean that a person should look, all to one topic; mail is optional (parameter `AlarmEmail`). */
export class Alarms extends Construct {
  readonly topic: Topic;
  private readonly action: SnsAction;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.topic = this.createTopic();
    this.action = new SnsAction(this.topic);
    this.subscribeByMail();
    this.watchQueue('DeadLetters', props.deadLetters, 'An event failed five times and waits for a person.');
    this.watchQueue('UndeliveredTicks', props.undeliveredTicks, 'The scheduler could not deliver a tick.');
    for (const duty of DUTY_NAMES) this.watchFunction(props.functions[duty]);
    this.watchTick(props.functions.schedule);
    this.above('ApiServerErrors', 5, {
      metric: props.apiStage.metricServerError({ period: FIVE_MINUTES, statistic: 'Sum' }),
      alarmDescription: 'The API answered more than five requests with a 5xx within five minutes.',
    });
  }

  /**
   * A topic policy of one's own, which `enforceSSL` makes, replaces the default one that lets the account's alarms
   * publish. Without the second statement every alarm would fire into nothing.
   */
  private createTopic(): Topic {
    const topic = new Topic(this, 'Topic', { displayName: 'Countersign alarms', enforceSSL: true });
    const stack = Stack.of(this);
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnLike: {
            'aws:SourceArn': stack.formatArn({
              service: 'cloudwatch',
              resource: 'alarm',
              resourceName: '*',
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          },
        },
      }),
    );
    return topic;
  }

  /** The address is a parameter, not context, so that the template stays the same for everybody. */
  private subscribeByMail(): void {
    const email = new CfnParameter(this, 'Email', {
      type: 'String',
      default: '',
      description: 'Address that receives the alarms; empty for none',
    });
    email.overrideLogicalId('AlarmEmail');
    const subscription = new CfnSubscription(this, 'Mail', {
      topicArn: this.topic.topicArn,
      protocol: 'email',
      endpoint: email.valueAsString,
    });
    subscription.cfnOptions.condition = new CfnCondition(this, 'HasEmail', {
      expression: Fn.conditionNot(Fn.conditionEquals(email.valueAsString, '')),
    });
  }

  private watchQueue(id: string, queue: Queue, alarmDescription: string): void {
    const metric = queue.metricApproximateNumberOfMessagesVisible({
      period: ONE_MINUTE,
      statistic: 'Maximum',
    });
    this.above(id, 0, { metric, alarmDescription });
  }

  private watchFunction({ duty, fn }: DutyFunction): void {
    const period = { period: FIVE_MINUTES, statistic: 'Sum' };
    this.above(`Errors-${duty}`, 0, {
      metric: fn.metricErrors(period),
      alarmDescription: `The function ${duty} threw, ran out of time or out of memory.`,
    });
    this.above(`Throttles-${duty}`, 0, {
      metric: fn.metricThrottles(period),
      alarmDescription: `Calls of the function ${duty} were refused for want of concurrency.`,
    });
  }

  /** No invocation at all leaves no data, and for a heartbeat no data is the alarm. */
  private watchTick({ fn }: DutyFunction): void {
    const period = { period: FIVE_MINUTES, statistic: 'Sum' };
    this.add('TickMissing', {
      metric: new MathExpression({
        label: 'Successful ticks',
        expression: 'invocations - errors',
        period: FIVE_MINUTES,
        usingMetrics: { invocations: fn.metricInvocations(period), errors: fn.metricErrors(period) },
      }),
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
      alarmDescription: 'No tick has succeeded for five minutes: nothing is reconciled, expired or resent.',
    });
  }

  private above(id: string, threshold: number, props: { metric: IMetric; alarmDescription: string }): void {
    this.add(id, {
      ...props,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }

  private add(id: string, props: AlarmProps): void {
    const alarm = new Alarm(this, id, props);
    alarm.addAlarmAction(this.action);
    alarm.addOkAction(this.action);
  }
}
