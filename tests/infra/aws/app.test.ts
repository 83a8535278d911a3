import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { LAMBDA_ENTRY } from '../../../infra/aws/bundle-lambda.ts';
import { CDK_JSON, PROJECT_ROOT, standInBundle, synthesize, temporaryFolder } from './synthesized-stack.ts';

const run = promisify(execFile);

/** The real bundle once there is one: this is the very synthesis that a deployment does. */
const codePath = existsSync(LAMBDA_ENTRY) ? {} : { lambdaCodePath: standInBundle() };

/** No credentials, no region, no home folder to find them in, and a proxy that leads nowhere. */
function isolatedEnvironment(): NodeJS.ProcessEnv {
  const nowhere = 'http://127.0.0.1:9';
  return {
    PATH: [join(PROJECT_ROOT, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(
      delimiter,
    ),
    HOME: temporaryFolder(),
    CI: '1',
    CDK_DISABLE_CLI_TELEMETRY: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
  };
}

function expectAssembly(outdir: string): void {
  const files = readdirSync(outdir);
  expect(files).toContain('countersign-production.template.json');
  const asset = files.find((name) => name.startsWith('asset.'));
  expect(asset && readdirSync(join(outdir, asset))).toEqual(['lambda.mjs']);
  const report = z
    .object({ pluginReports: z.array(z.unknown()) })
    .parse(JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')));
  expect(report.pluginReports).toEqual([]);
}

describe('cdk-nag', () => {
  it.each([
    ['as it stands', {}],
    [
      'with a domain of its own',
      {
        mediaDomain: {
          name: 'charts.example.com',
          certificateArn:
            'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000',
        },
      },
    ],
  ])('has no finding that nobody answered for, %s', (_, context) => {
    const { app } = synthesize(context);
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations).toEqual([]);
  });
});

it('cdk-nag would see one', () => {
  const { app, stack } = synthesize();
  new Topic(stack, 'PlainTopic');
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  expect(violations.map(({ ruleName }) => ruleName)).toEqual(['AwsSolutions-SNS3']);
});

describe('the CDK app', () => {
  it('synthesises as the CLI would run it, with no account, credentials or network', async () => {
    const outdir = temporaryFolder();
    await run(process.execPath, [join(PROJECT_ROOT, 'infra/aws/app.ts')], {
      cwd: PROJECT_ROOT,
      env: {
        ...isolatedEnvironment(),
        CDK_OUTDIR: outdir,
        CDK_CONTEXT_JSON: JSON.stringify({ ...CDK_JSON.context, ...codePath }),
      },
    });
    expectAssembly(outdir);
  });

  it('is synthesised by `cdk synth`', async () => {
    const outdir = temporaryFolder();
    const context = Object.entries(codePath).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const cdk = join(PROJECT_ROOT, 'node_modules/aws-cdk/bin/cdk');
    await run(process.execPath, [cdk, 'synth', '--quiet', '--no-notices', '-o', outdir, ...context], {
      cwd: PROJECT_ROOT,
      env: isolatedEnvironment(),
    });
    expectAssembly(outdir);
  });
});
