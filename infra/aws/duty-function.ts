import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { DUTIES, type Duty } from './duties.ts';
import { grantSecretParameters, secretParameterName } from './function-secrets.ts';

/** What one duty's function needs beyond its row in the table. */
export interface DutyFunctionProps {
  readonly duty: Duty;
  readonly stage: string;
  /** The one bundle. */
  readonly code: Code;
  /** Settings that are no secret; the names of the secrets are added here. */
  readonly environment: Readonly<Record<string, string>>;
  /** Share of the account's concurrency kept for, and the limit of, this function; absent: unreserved. */
  readonly reservedConcurrency: number | undefined;
}

/**
 * The Lambda function of one duty with a role and a log group of its own.
 * The role starts with two rights, writing its own log and reading its own secrets; the stack adds the rest.
 */
export class DutyFunction extends Construct {
  readonly duty: Duty;
  readonly fn: LambdaFunction;

  constructor(scope: Construct, id: string, props: DutyFunctionProps) {
    super(scope, id);
    const spec = DUTIES[props.duty];
    this.duty = props.duty;

    const logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // An own role instead of CDK's, whose managed policy may write to every log group of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    grantSecretParameters(role, props.stage, spec.secrets);

    this.fn = new LambdaFunction(this, 'Function', {
      description: `Countersign ${props.stage}: ${props.duty}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: spec.handler,
      code: props.code,
      memorySize: spec.memoryMb,
      timeout: Duration.seconds(spec.timeoutSeconds),
      role,
      logGroup,
      environment: {
        ...props.environment,
        COUNTERSIGN_FUNCTION: props.duty,
        SECRET_PARAMETERS: spec.secrets.map((key) => secretParameterName(props.stage, key)).join(','),
      },
      ...(props.reservedConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: props.reservedConcurrency }),
    });

    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/*]',
      reason:
        'The id of the key aws/ssm is not known at synthesis; conditions hold it to that alias, to Parameter Store and to this function’s own parameters.',
    });
  }
}
