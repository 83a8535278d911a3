import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, parseConfig } from '../../../functions/platform/config.ts';
import { DUTY_NAMES, type Duty } from '../../../infra/aws/duties.ts';
import { resourcesOf, statementsOf, synthesize } from './synthesized-stack.ts';

const { template } = synthesize();

// Written out once more on purpose: a test that read the table of the stack would agree with any mistake in it.
const REDIS = ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'];
const ALERTS = ['ALERT_KEYS', 'TELEGRAM_BOT_TOKEN'];
const SECRETS: Record<Duty, string[]> = {
  ingest: ['DATABASE_URL', ...REDIS, ...ALERTS, 'PRODUCER_KEYS'],
  api: ['DATABASE_URL', ...REDIS, ...ALERTS, 'PRODUCER_KEYS', 'BRIDGE_KEYS', 'AUDIT_KEY', 'JWT_KEYS'],
  bridge: ['DATABASE_URL', ...REDIS, ...ALERTS, 'BRIDGE_KEYS'],
  charts: [
    'DATABASE_URL',
    ...REDIS,
    'BRIDGE_KEYS',
    'MEDIA_SIGNING_KEY',
    'MEDIA_CDN_PRIVATE_KEY',
    'JWT_PUBLIC_KEYS',
  ],
  schedule: ['DATABASE_URL', 'PRODUCER_KEYS', 'BRIDGE_KEYS', 'ALERT_KEYS', 'SIGNALS_HMAC_KEY'],
  queue: ['DATABASE_URL', ...REDIS, ...ALERTS, 'BRIDGE_KEYS'],
  reconcile: ['DATABASE_URL', ...REDIS, ...ALERTS, 'BRIDGE_KEYS'],
  slow: ['DATABASE_URL', ...REDIS, ...ALERTS, 'BRIDGE_KEYS'],
  pictures: ['DATABASE_URL', ...REDIS, ...ALERTS, 'BRIDGE_KEYS', 'MEDIA_SIGNING_KEY'],
};
const SIGNERS: Duty[] = ['charts'];
const CHART_FILES: Duty[] = ['charts', 'pictures'];
const PRUNES: Duty[] = ['schedule'];
const RECONCILING: Duty[] = ['api', 'bridge', 'schedule', 'queue', 'reconcile', 'slow'];
const SORTING: Duty[] = ['schedule', 'reconcile', 'slow'];
const PICTURING: Duty[] = ['schedule', 'pictures'];
const CONSUMERS: Duty[] = ['queue', 'reconcile', 'slow', 'pictures'];

const functionShape = z.looseObject({
  Role: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }),
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
});
const policyShape = z.looseObject({
  PolicyDocument: z.unknown(),
  Roles: z.array(z.object({ Ref: z.string() })),
});

function functionOf(duty: Duty) {
  const all = resourcesOf(template, 'AWS::Lambda::Function').map(([, properties]) =>
    functionShape.parse(properties),
  );
  const found = all.filter((fn) => fn.Environment.Variables.COUNTERSIGN_FUNCTION === duty);
  expect(found).toHaveLength(1);
  const [only] = found;
  if (!only) throw new Error(`no function for ${duty}`);
  return { variables: only.Environment.Variables, roleId: only.Role['Fn::GetAtt'][0] };
}

function rightsOf(duty: Duty) {
  const { roleId } = functionOf(duty);
  return resourcesOf(template, 'AWS::IAM::Policy')
    .map(([, properties]) => policyShape.parse(properties))
    .filter((policy) => policy.Roles.some((role) => role.Ref === roleId))
    .flatMap((policy) => statementsOf(policy.PolicyDocument));
}

function parameterNames(value: unknown): string[] {
  return [...JSON.stringify(value ?? null).matchAll(/parameter\/countersign\/production\/([A-Z_]+)/g)].map(
    ([, key]) => key ?? '',
  );
}

describe.each(DUTY_NAMES)('the function %s', (duty) => {
  it('may read its own parameters and no other', () => {
    const reading = rightsOf(duty).filter((statement) => JSON.stringify(statement.Action).includes('ssm:'));
    expect(reading.flatMap((statement) => statement.Action)).toEqual(['ssm:GetParameters']);
    const resources = reading.flatMap((statement) => statement.Resource ?? []);
    expect(resources).toHaveLength(SECRETS[duty].length);
    expect(JSON.stringify(resources)).not.toContain('*');
    expect(parameterNames(resources).sort()).toEqual([...SECRETS[duty]].sort());
  });

  it('may decrypt those parameters alone, through Parameter Store alone', () => {
    const decrypting = rightsOf(duty).filter((statement) =>
      JSON.stringify(statement.Action).includes('kms:'),
    );
    expect(decrypting).toHaveLength(1);
    const [statement] = decrypting;
    expect(statement?.Action).toEqual(['kms:Decrypt']);
    expect(statement?.Condition).toMatchObject({
      StringEquals: {
        'kms:ViaService': { 'Fn::Join': ['', ['ssm.', { Ref: 'AWS::Region' }, '.amazonaws.com']] },
      },
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': ['alias/aws/ssm'] },
    });
    const context = statement?.Condition?.StringEquals?.['kms:EncryptionContext:PARAMETER_ARN'];
    expect(parameterNames(context).sort()).toEqual([...SECRETS[duty]].sort());
  });

  it('holds the names of its secrets and settings, and no secret', () => {
    const { variables } = functionOf(duty);
    expect(Object.keys(variables).sort()).toEqual(
      [
        'COUNTERSIGN_FUNCTION',
        'MEDIA_PUBLIC_BASE_URL',
        'PUBLIC_BASE_URL',
        'QUEUE_URL',
        ...(RECONCILING.includes(duty) ? ['RECONCILE_QUEUE_URL'] : []),
        ...(SORTING.includes(duty) ? ['SLOW_QUEUE_URL'] : []),
        ...(PICTURING.includes(duty) ? ['PICTURES_QUEUE_URL'] : []),
        'SECRET_PARAMETERS',
        ...(SIGNERS.includes(duty) ? ['MEDIA_KEY_PAIR_ID'] : []),
        ...([...CHART_FILES, ...PRUNES].includes(duty) ? ['MEDIA_BUCKET'] : []),
      ].sort(),
    );
    expect(variables.SECRET_PARAMETERS).toBe(
      SECRETS[duty].map((key) => `/countersign/production/${key}`).join(','),
    );
    // A value put there through CDK would leave such a reference in the template.
    expect(JSON.stringify(variables)).not.toMatch(/resolve:(ssm|secretsmanager)|postgres|whsec_|PRIVATE KEY/);
  });

  it('has exactly the rights of its duty beyond that', () => {
    const others = rightsOf(duty)
      .flatMap((statement) => statement.Action)
      .filter((action) => !/^(ssm|kms):/.test(String(action)));
    const consuming = [
      'sqs:ReceiveMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:GetQueueUrl',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
    ];
    expect(others.sort()).toEqual(
      [
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        'sqs:SendMessage',
        ...(CONSUMERS.includes(duty) ? consuming : []),
        ...(CHART_FILES.includes(duty) ? ['s3:GetObject', 's3:PutObject', 's3:ListBucket'] : []),
        ...(PRUNES.includes(duty) ? ['s3:DeleteObject'] : []),
      ].sort(),
    );
  });

  it('reads, writes and deletes no objects but those below charts/, and only where that is its duty', () => {
    const objects = rightsOf(duty).filter(({ Action }) =>
      Action.some((a) => /^s3:\w+Object$/.test(String(a))),
    );
    expect(objects).toHaveLength([...CHART_FILES, ...PRUNES].includes(duty) ? 1 : 0);
    for (const { Resource } of objects)
      expect(Resource).toEqual([
        {
          'Fn::Join': ['', [{ 'Fn::GetAtt': [expect.stringMatching(/^ChartsBucket/), 'Arn'] }, '/charts/*']],
        },
      ]);
  });
});

it('gives every function a role of its own and no managed policy', () => {
  expect(new Set(DUTY_NAMES.map((duty) => functionOf(duty).roleId)).size).toBe(DUTY_NAMES.length);
  for (const [, role] of resourcesOf(template, 'AWS::IAM::Role')) {
    expect(role).not.toHaveProperty('ManagedPolicyArns');
  }
  for (const [, policy] of resourcesOf(template, 'AWS::IAM::Policy')) {
    expect(policyShape.parse(policy).Roles).toHaveLength(1);
  }
});

const mayRead = (key: string): Duty[] =>
  DUTY_NAMES.filter((duty) => parameterNames(rightsOf(duty)).includes(key));

it('lets nobody but api, bridge, charts, the consumers of the queues and the schedule, which re-wraps them, near the keys of the bridges', () => {
  expect(mayRead('BRIDGE_KEYS')).toEqual([
    'api',
    'bridge',
    'charts',
    'schedule',
    'queue',
    'reconcile',
    'slow',
    'pictures',
  ]);
});

it('lets api alone sign JWTs; charts verifies them with the public half, and nobody else needs either', () => {
  expect(mayRead('JWT_KEYS')).toEqual(['api']);
  expect(mayRead('JWT_PUBLIC_KEYS')).toEqual(['charts']);
});

describe.each(DUTY_NAMES)('the %s function', (duty) => {
  it('is given every key that it refuses to start without, and the environment names each', () => {
    const { variables } = functionOf(duty);
    const given = [...SECRETS[duty], ...Object.keys(variables), 'AWS_REGION'];
    let missing: string[] = [];
    try {
      parseConfig({}, duty, 0);
    } catch (e) {
      missing = e instanceof ConfigError ? e.keys : [];
    }
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.filter((key) => !given.includes(key))).toEqual([]);
  });
});
