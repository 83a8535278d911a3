import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DUTIES, DUTY_NAMES } from '../../../infra/aws/duties.ts';
import { resourcesOf, statementsOf, synthesize } from './synthesized-stack.ts';

const { template } = synthesize();

describe('functions', () => {
  it.each([
    ['ingest', 'lambda.api', 512, 10],
    ['api', 'lambda.api', 512, 29],
    ['bridge', 'lambda.api', 512, 10],
    ['charts', 'lambda.api', 1024, 30],
    ['schedule', 'lambda.scheduled', 512, 60],
    ['queue', 'lambda.queue', 512, 120],
    ['reconcile', 'lambda.queue', 512, 120],
    ['slow', 'lambda.queue', 512, 120],
    ['pictures', 'lambda.queue', 1024, 120],
  ])('%s runs %s with %d MB and %d s', (duty, handler, memory, timeout) => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: handler,
      MemorySize: memory,
      Timeout: timeout,
      Environment: { Variables: { COUNTERSIGN_FUNCTION: duty } },
      LoggingConfig: { LogGroup: Match.anyValue() },
      ReservedConcurrentExecutions: Match.absent(),
      TracingConfig: Match.absent(),
    });
  });

  it('are nine, all of one bundle and one runtime', () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function').map(([, properties]) => properties);
    expect(functions).toHaveLength(9);
    expect(new Set(functions.map((fn) => fn.Runtime))).toEqual(new Set(['nodejs24.x']));
    expect(new Set(functions.map((fn) => JSON.stringify(fn.Code))).size).toBe(1);
  });

  it('keep their logs for a stated time', () => {
    const groups = resourcesOf(template, 'AWS::Logs::LogGroup');
    expect(groups).toHaveLength(10);
    for (const [, group] of groups) expect(group.RetentionInDays).toBe(90);
  });

  it('take reserved concurrency from the settings, as an object or as the text of the command line', () => {
    for (const reservedConcurrency of [{ ingest: 20 }, '{"ingest": 20}']) {
      const other = synthesize({ reservedConcurrency }).template;
      other.resourcePropertiesCountIs('AWS::Lambda::Function', { ReservedConcurrentExecutions: 20 }, 1);
    }
  });

  it('are not synthesised from wrong settings', () => {
    expect(() => synthesize({ stage: 'Production/..' })).toThrow(/stage/);
    expect(() => synthesize({ reservedConcurrency: { everything: 1 } })).toThrow(/reservedConcurrency/);
  });
});

describe('HTTP API', () => {
  const integration = z.looseObject({ IntegrationUri: z.object({ 'Fn::GetAtt': z.array(z.string()) }) });
  const integrations = new Map(
    resourcesOf(template, 'AWS::ApiGatewayV2::Integration').map(([id, properties]) => [
      id,
      integration.parse(properties).IntegrationUri['Fn::GetAtt'][0],
    ]),
  );
  const routes = resourcesOf(template, 'AWS::ApiGatewayV2::Route').map(([, properties]) => {
    const target = JSON.stringify(properties.Target);
    const id = [...integrations.keys()].find((key) => target.includes(`"${key}"`));
    return [properties.RouteKey, id && integrations.get(id)];
  });

  it('leads each route to the function with the rights for it', () => {
    const to = (duty: string) => expect.stringMatching(new RegExp(`^${duty}function`));
    expect(Object.fromEntries(routes)).toEqual({
      'POST /api/v1/signals': to('ingest'),
      'POST /api/v1/signals/batch': to('ingest'),
      'POST /hooks/tradingview/{token}': to('ingest'),
      'POST /bridge/v1/{proxy+}': to('bridge'),
      'POST /api/v1/charts': to('charts'),
      'GET /api/v1/signals/{id}/chart': to('charts'),
      'GET /api/v1/trades/{id}/chart': to('charts'),
      'GET /charts/{file}': to('charts'),
      'HEAD /charts/{file}': to('charts'),
      $default: to('api'),
    });
  });

  it('throttles, and logs no path and no query', () => {
    template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 200, ThrottlingBurstLimit: 400 },
    });
    const [[, stage] = []] = resourcesOf(template, 'AWS::ApiGatewayV2::Stage');
    const { Format } = z.looseObject({ Format: z.string() }).parse(stage?.AccessLogSettings);
    expect(JSON.parse(Format)).toMatchObject({ routeKey: '$context.routeKey' });
    expect(Format).not.toMatch(/context\.path|rawPath|queryString|httpUri|userAgent/i);
  });

  it('answers no other origin', () => {
    template.hasResourceProperties('AWS::ApiGatewayV2::Api', {
      ProtocolType: 'HTTP',
      CorsConfiguration: Match.absent(),
    });
  });
});

describe('work queues', () => {
  it('wait six times the timeout and give up after five', () => {
    template.resourcePropertiesCountIs(
      'AWS::SQS::Queue',
      {
        VisibilityTimeout: 6 * DUTIES.queue.timeoutSeconds,
        SqsManagedSseEnabled: true,
        RedrivePolicy: {
          maxReceiveCount: 5,
          deadLetterTargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WorkDeadLetters'), 'Arn'] },
        },
      },
      4,
    );
  });

  it('hand batches of ten to a function each, which reports failures singly, accounts not to any number at once, slow ones singly, pictures by two at most', () => {
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 4);
    const mapping = (duty: string, queue: string) => ({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      FunctionName: { Ref: Match.stringLikeRegexp(`^${duty}function`) },
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp(`^${queue}`), 'Arn'] },
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      ...mapping('queue', 'WorkQueue'),
      ScalingConfig: Match.absent(),
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      ...mapping('reconcile', 'WorkReconciles'),
      ScalingConfig: { MaximumConcurrency: 100 },
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      ...mapping('slow', 'WorkSlow'),
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: 20 },
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      ...mapping('pictures', 'WorkPictures'),
      BatchSize: 5,
      ScalingConfig: { MaximumConcurrency: 2 },
    });
  });

  it('are encrypted and refuse plain HTTP, like every queue', () => {
    const queues = resourcesOf(template, 'AWS::SQS::Queue');
    expect(queues).toHaveLength(6);
    for (const [, queue] of queues) expect(queue.SqsManagedSseEnabled).toBe(true);
    const policies = JSON.stringify(resourcesOf(template, 'AWS::SQS::QueuePolicy'));
    expect(policies.match(/"aws:SecureTransport":"false"/g)).toHaveLength(6);
  });
});

describe('schedule', () => {
  it('calls the schedule function every minute, with a retry policy and a place for what fails', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
      Target: {
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^schedulefunction'), 'Arn'] },
        Input: '{"time":"<aws.scheduler.scheduled-time>"}',
        RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 2 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^TickUndelivered'), 'Arn'] } },
      },
    });
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          Match.objectLike({
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ],
      },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
  });
});

describe('alarms', () => {
  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm');

  it('watch both dead letter queues, the API, the tick, and every function', () => {
    expect(alarms).toHaveLength(4 + 2 * DUTY_NAMES.length);
    for (const queue of ['WorkDeadLetters', 'TickUndelivered']) {
      template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        Dimensions: [
          { Name: 'QueueName', Value: { 'Fn::GetAtt': [Match.stringLikeRegexp(`^${queue}`), 'QueueName'] } },
        ],
      });
    }
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: '5xx',
      Namespace: 'AWS/ApiGateway',
    });
    for (const MetricName of ['Errors', 'Throttles']) {
      template.resourcePropertiesCountIs('AWS::CloudWatch::Alarm', { MetricName }, DUTY_NAMES.length);
    }
  });

  it('take silence of the tick for five minutes as a failure', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'invocations - errors' }),
        Match.objectLike({ MetricStat: Match.objectLike({ Period: 300, Stat: 'Sum' }) }),
      ]),
    });
  });

  it('all reach the topic, which takes them from this account and over TLS alone', () => {
    for (const [, alarm] of alarms) {
      expect(alarm.AlarmActions).toEqual([{ Ref: expect.stringMatching(/^AlarmsTopic/) }]);
    }
    const [[, policy] = []] = resourcesOf(template, 'AWS::SNS::TopicPolicy');
    const statements = statementsOf(policy?.PolicyDocument);
    expect(statements.map(({ Effect, Action }) => [Effect, ...Action])).toEqual(
      expect.arrayContaining([
        ['Deny', 'sns:Publish'],
        ['Allow', 'sns:Publish'],
      ]),
    );
    expect(JSON.stringify(statements)).toContain('cloudwatch.amazonaws.com');
  });

  it('are mailed only where an address is given', () => {
    template.hasParameter('AlarmEmail', { Default: '' });
    template.hasResource('AWS::SNS::Subscription', {
      Condition: Match.stringLikeRegexp('HasEmail'),
      Properties: { Protocol: 'email', Endpoint: { Ref: 'AlarmEmail' } },
    });
  });
});
