import { ArnFormat, Stack } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { SecretKey } from './duties.ts';

/**
 * Name of the SSM SecureString that holds a secret, e.g. `/countersign/production/DATABASE_URL`.
 * The parameters are made by hand before the first deployment; a value never passes through CDK.
 */
export function secretParameterName(stage: string, key: SecretKey): string {
  return `/countersign/${stage}/${key}`;
}

/**
 * Lets a role read exactly these parameters, and decrypt nothing but them.
 *
 * The key behind a default SecureString is the account's `aws/ssm`, whose id is not known at synthesis, so the
 * key is named by its alias in a condition. Parameter Store encrypts under the parameter's ARN as encryption
 * context, and the last condition repeats the list there: even the ciphertext of another parameter stays shut.
 *
 * @param role the function's own role
 * @param stage deployment stage, part of each name
 * @param keys the secrets of this duty
 */
export function grantSecretParameters(role: IRole, stage: string, keys: readonly SecretKey[]): void {
  const stack = Stack.of(role);
  const arns = keys.map((key) =>
    // The name begins with the slash that would separate it from `parameter`.
    stack.formatArn({
      service: 'ssm',
      resource: `parameter${secretParameterName(stage, key)}`,
      arnFormat: ArnFormat.NO_RESOURCE_NAME,
    }),
  );
  role.addToPrincipalPolicy(new PolicyStatement({ actions: ['ssm:GetParameters'], resources: arns }));
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
      conditions: {
        StringEquals: {
          'kms:ViaService': `ssm.${stack.region}.amazonaws.com`,
          'kms:EncryptionContext:PARAMETER_ARN': arns,
        },
        'ForAnyValue:StringEquals': { 'kms:ResourceAliases': ['alias/aws/ssm'] },
      },
    }),
  );
}
