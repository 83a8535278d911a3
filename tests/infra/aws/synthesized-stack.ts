import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll } from 'vitest';
import { z } from 'zod';
import { readAppSettings } from '../../../infra/aws/app-settings.ts';
import { CountersignStack } from '../../../infra/aws/countersign-stack.ts';

/** Root of the checkout, where `cdk.json` lies. */
export const PROJECT_ROOT = join(import.meta.dirname, '../../..');

/** What `cdk.json` says, so that the tests synthesise under the same feature flags as a deployment. */
export const CDK_JSON = z
  .looseObject({ app: z.string(), output: z.string(), context: z.record(z.string(), z.unknown()) })
  .parse(JSON.parse(readFileSync(join(PROJECT_ROOT, 'cdk.json'), 'utf8')));

const temporary: string[] = [];
// A hook and not `process.on('exit')`: the test runner ends its workers without that event.
afterAll(() => {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone when the test file ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-cdk-'));
  temporary.push(folder);
  return folder;
}

/** The smallest bundle that has the three handlers; the template does not depend on what is in it. */
export function standInBundle(): string {
  const folder = temporaryFolder();
  const code =
    'export const api = async () => ({ statusCode: 204 });\nexport { api as scheduled, api as queue };\n';
  writeFileSync(join(folder, 'lambda.mjs'), code);
  return folder;
}

/** Synthesises the stack in this process, without running validations. */
export function synthesize(context: Record<string, unknown> = {}) {
  const app = new App({ outdir: temporaryFolder(), context: { ...CDK_JSON.context, ...context } });
  const stack = new CountersignStack(app, 'countersign-test', {
    settings: readAppSettings(app),
    lambdaCodePath: standInBundle(),
  });
  return { app, stack, template: Template.fromStack(stack) };
}

const resource = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
});

/** All resources of a type as [logical id, properties]. */
export function resourcesOf(template: Template, type: string): [string, Record<string, unknown>][] {
  const found = z.record(z.string(), resource).parse(template.findResources(type));
  return Object.entries(found).map(([id, { Properties }]) => [id, Properties]);
}

const oneOrMany = z.union([z.array(z.unknown()), z.unknown().transform((value) => [value])]);

const policyDocument = z.looseObject({
  Statement: z.array(
    z.looseObject({
      Effect: z.string(),
      Action: oneOrMany,
      Resource: oneOrMany.optional(),
      Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
    }),
  ),
});

/** The statements of a policy document, with actions and resources always as lists. */
export function statementsOf(document: unknown) {
  return policyDocument.parse(document).Statement;
}
