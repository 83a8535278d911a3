import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Effect, type IRole, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { DutyFunction } from './duty-function.ts';

/**
 * The bucket of rendered charts. An object's key is the path of its address without the first slash.
 * Nothing in it is an original: each file can be rendered again from its spec, hence no versions and an end of life.
 */
export function createChartBucket(scope: Construct): Bucket {
  const bucket = new Bucket(scope, 'Bucket', {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    versioned: false,
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [
      { id: 'private', prefix: 'charts/p-', expiration: Duration.days(90) },
      // A month more than the year for which a browser may keep a market chart.
      { id: 'market', prefix: 'charts/', expiration: Duration.days(396) },
      { id: 'unfinished', abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
  });
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason: 'Derived files, read through CloudFront or by two functions that log each request themselves.',
  });
  return bucket;
}

/**
 * Keeps private charts from leaving through the market lane. CloudFront matches a path pattern after normalising
 * the path, but sends the origin the path as it came; whatever spelling slips past `/charts/p-*` ends here,
 * because S3 compares the decoded key.
 */
export function denyPrivateChartsToCloudFront(bucket: Bucket): void {
  bucket.addToResourcePolicy(
    new PolicyStatement({
      sid: 'PrivateChartsNeverThroughOriginAccess',
      effect: Effect.DENY,
      principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
      actions: ['s3:GetObject'],
      resources: [bucket.arnForObjects('charts/p-*')],
    }),
  );
}

/**
 * Lets a function get and put chart files. Listing is there for one reason: without it S3 answers 403 for a file
 * that does not exist, which cannot be told from a right that is missing.
 */
export function grantChartFiles(bucket: Bucket, user: DutyFunction): void {
  const role = grantOnFiles(bucket, user, ['s3:GetObject', 's3:PutObject']);
  role.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
  );
}

/** Lets a function delete chart files whose time is over. Deleting one that is not there is no error, so it lists none. */
export function grantChartDeletion(bucket: Bucket, user: DutyFunction): void {
  grantOnFiles(bucket, user, ['s3:DeleteObject']);
}

function grantOnFiles(bucket: Bucket, user: DutyFunction, actions: string[]): IRole {
  const { role } = user.fn;
  if (!role) throw new Error(`the function ${user.duty} has no role`);
  role.addToPrincipalPolicy(new PolicyStatement({ actions, resources: [bucket.arnForObjects('charts/*')] }));
  Validations.of(role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::<${bucketLogicalId(bucket)}.Arn>/charts/*]`,
    reason: 'The names of charts are digests of what they show and cannot be listed beforehand.',
  });
  return role;
}

/** cdk-nag names a resource in a finding by its logical id in the template. */
function bucketLogicalId(bucket: Bucket): string {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnBucket)) throw new Error('a bucket without its CloudFormation resource');
  return String(Stack.of(bucket).resolve(resource.logicalId));
}
