import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readAppSettings } from './app-settings.ts';
import { bundleLambda } from './bundle-lambda.ts';
import { CountersignStack } from './countersign-stack.ts';

/**
 * The CDK app, run by `cdk.json`. Needs no account, credentials, network or Docker to synthesise; a finding of
 * cdk-nag that nobody has acknowledged with a reason stops it.
 */
const app = new App();
const settings = readAppSettings(app);
const lambdaCodePath = settings.lambdaCodePath ?? (await bundleIntoTemporaryFolder());

new CountersignStack(app, `countersign-${settings.stage}`, { settings, lambdaCodePath });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();

/** CDK copies the folder into its own output when the code is bound to the first function. */
async function bundleIntoTemporaryFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-lambda-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  await bundleLambda(folder);
  return folder;
}
