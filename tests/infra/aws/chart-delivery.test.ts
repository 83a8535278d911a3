import vm from 'node:vm';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ANSWER_CODE } from '../../../infra/aws/chart-headers.ts';
import { resourcesOf, statementsOf, synthesize } from './synthesized-stack.ts';

const { template } = synthesize();

const behavior = z.looseObject({
  PathPattern: z.string().optional(),
  TargetOriginId: z.string(),
  CachePolicyId: z.object({ Ref: z.string() }),
  TrustedKeyGroups: z.array(z.object({ Ref: z.string() })).optional(),
  AllowedMethods: z.array(z.string()),
  ViewerProtocolPolicy: z.string(),
  ResponseHeadersPolicyId: z.object({ Ref: z.string() }),
  FunctionAssociations: z.array(z.looseObject({ EventType: z.string() })),
});
const originGroup = z.looseObject({
  Id: z.string(),
  Members: z.looseObject({ Items: z.array(z.object({ OriginId: z.string() })) }),
});
const config = z.looseObject({
  DefaultCacheBehavior: behavior,
  CacheBehaviors: z.array(behavior),
  Origins: z.array(z.looseObject({ Id: z.string(), OriginAccessControlId: z.unknown().optional() })),
  OriginGroups: z.looseObject({ Items: z.array(originGroup) }),
  CustomErrorResponses: z.array(z.object({ ErrorCode: z.number(), ErrorCachingMinTTL: z.number() })),
});

function distribution() {
  const [[, properties] = []] = resourcesOf(template, 'AWS::CloudFront::Distribution');
  const parsed = config.parse(properties?.DistributionConfig);
  const [privateCharts, marketCharts] = parsed.CacheBehaviors;
  if (!privateCharts || !marketCharts) throw new Error('two behaviours were expected');
  const rendered = parsed.Origins.find((origin) => origin.CustomOriginConfig);
  return { ...parsed, privateCharts, marketCharts, rendered };
}

type EdgeHeaders = Record<string, { value: string }>;
/** What the function at the edge makes of an answer's headers. */
function edgeAnswer(headers: EdgeHeaders): EdgeHeaders {
  const event = { response: { headers } };
  const answer: unknown = vm.runInNewContext(`${ANSWER_CODE}; handler(event)`, { event });
  return z
    .object({ headers: z.record(z.string(), z.object({ value: z.string() })) })
    .parse(JSON.parse(JSON.stringify(answer))).headers;
}

describe('bucket', () => {
  it('is closed to the public, encrypted, unversioned and ages', () => {
    template.resourceCountIs('AWS::S3::Bucket', 1);
    template.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: Match.anyValue(),
      VersioningConfiguration: Match.absent(),
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          Match.objectLike({ Prefix: 'charts/p-', ExpirationInDays: 90 }),
          Match.objectLike({ Prefix: 'charts/', ExpirationInDays: 396 }),
        ]),
      },
    });
  });

  it('refuses plain HTTP, is read by this distribution alone, and private charts not even by it', () => {
    const [[, policy] = []] = resourcesOf(template, 'AWS::S3::BucketPolicy');
    const statements = statementsOf(policy?.PolicyDocument);
    expect(statements).toHaveLength(3);
    expect(statements).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
    const allowed = statements.filter((statement) => statement.Effect === 'Allow');
    expect(allowed).toHaveLength(1);
    expect(allowed[0]).toMatchObject({
      Action: ['s3:GetObject'],
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Condition: { StringEquals: { 'AWS:SourceArn': expect.anything() } },
    });
    expect(JSON.stringify(allowed[0]?.Condition)).toContain('ChartsDistribution');
    const denied = statements.find((statement) => statement.Sid === 'PrivateChartsNeverThroughOriginAccess');
    expect(denied).toMatchObject({ Effect: 'Deny', Principal: { Service: 'cloudfront.amazonaws.com' } });
    expect(JSON.stringify(denied?.Resource)).toContain('/charts/p-*');
  });
});

describe('market charts', () => {
  it('come from S3 under origin access control, else from the function', () => {
    const { marketCharts, OriginGroups, Origins, rendered } = distribution();
    expect(marketCharts.PathPattern).toBe('/charts/*');
    expect(marketCharts.TrustedKeyGroups).toBeUndefined();
    const [group] = OriginGroups.Items;
    expect(marketCharts.TargetOriginId).toBe(group?.Id);
    expect(group).toMatchObject({
      FailoverCriteria: { StatusCodes: { Items: [403, 404] } },
      Members: { Items: [{ OriginId: expect.any(String) }, { OriginId: rendered?.Id }] },
    });
    const first = Origins.find(({ Id }) => Id === group?.Members.Items[0]?.OriginId);
    expect(first).toHaveProperty('S3OriginConfig');
    expect(first?.OriginAccessControlId).toBeDefined();
    template.hasResourceProperties('AWS::CloudFront::OriginAccessControl', {
      OriginAccessControlConfig: {
        SigningBehavior: 'always',
        SigningProtocol: 'sigv4',
        OriginAccessControlOriginType: 's3',
      },
    });
  });
});

describe('private charts', () => {
  it('need a signature of the key group and never come from S3', () => {
    const { privateCharts, rendered, CacheBehaviors } = distribution();
    // The first pattern that fits wins, so the narrow one has to stand first.
    expect(CacheBehaviors.map((item) => item.PathPattern)).toEqual(['/charts/p-*', '/charts/*']);
    expect(privateCharts.TrustedKeyGroups).toHaveLength(1);
    expect(privateCharts.TargetOriginId).toBe(rendered?.Id);
    template.hasResourceProperties('AWS::CloudFront::PublicKey', {
      PublicKeyConfig: { EncodedKey: { Ref: 'ChartsPublicKeyPem' } },
    });
    template.hasParameter('ChartsPublicKeyPem', { Default: Match.absent() });
  });

  it('stay 300 s at most and under their whole signed address', () => {
    const cache = z.object({ Ref: z.string() }).parse(distribution().privateCharts.CachePolicyId);
    const policies = new Map(resourcesOf(template, 'AWS::CloudFront::CachePolicy'));
    expect(policies.get(cache.Ref)).toMatchObject({
      CachePolicyConfig: {
        MaxTTL: 300,
        ParametersInCacheKeyAndForwardedToOrigin: {
          QueryStringsConfig: { QueryStringBehavior: 'whitelist', QueryStrings: ['exp', 'sig'] },
        },
      },
    });
  });

  it('get a new public key with each generation of it', () => {
    const keyIds = [1, 2].map((mediaKeyGeneration) => {
      const other = synthesize({ mediaKeyGeneration }).template;
      return resourcesOf(other, 'AWS::CloudFront::PublicKey').map(([id]) => id);
    });
    expect(keyIds[0]).not.toEqual(keyIds[1]);
  });
});

describe('every answer', () => {
  it('is read-only, over HTTPS, without cookies, and a failure is not kept', () => {
    const { DefaultCacheBehavior, CacheBehaviors, CustomErrorResponses } = distribution();
    for (const item of [DefaultCacheBehavior, ...CacheBehaviors]) {
      expect(item.AllowedMethods).toEqual(['GET', 'HEAD']);
      expect(item.ViewerProtocolPolicy).toBe('https-only');
      expect(item.FunctionAssociations).toMatchObject([{ EventType: 'viewer-response' }]);
    }
    for (const [, policy] of resourcesOf(template, 'AWS::CloudFront::CachePolicy')) {
      expect(policy).toMatchObject({
        CachePolicyConfig: {
          MinTTL: 0,
          DefaultTTL: 0,
          ParametersInCacheKeyAndForwardedToOrigin: { CookiesConfig: { CookieBehavior: 'none' } },
        },
      });
    }
    expect(CustomErrorResponses).toEqual(
      [500, 502, 503, 504].map((ErrorCode) => ({ ErrorCode, ErrorCachingMinTTL: 0 })),
    );
  });

  it('carries nosniff and noindex', () => {
    template.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: {
        SecurityHeadersConfig: { ContentTypeOptions: { Override: true } },
        CustomHeadersConfig: { Items: [{ Header: 'X-Robots-Tag', Value: 'noindex', Override: true }] },
      },
    });
  });

  it.each([
    ['image/svg+xml; charset=utf-8', "sandbox; default-src 'none'; style-src 'unsafe-inline'"],
    ['image/png', undefined],
    ['application/pdf', undefined],
    [undefined, undefined],
  ])('of type %s has the content policy %s', (type, policy) => {
    const headers = edgeAnswer(type === undefined ? {} : { 'content-type': { value: type } });
    expect(headers['content-security-policy']?.value).toBe(policy);
  });

  it('says what a stored chart shows under the name that the function gives it', () => {
    const stored = edgeAnswer({ 'x-amz-meta-alt': { value: 'EURUSD%20H1' }, etag: { value: '"e"' } });
    expect(stored).toEqual({ 'x-alt-text': { value: "alt*=UTF-8''EURUSD%20H1" }, etag: { value: '"e"' } });
    const drawn = { 'x-alt-text': { value: "alt*=UTF-8''EURUSD" } };
    expect(edgeAnswer(drawn)).toEqual(drawn);
  });

  it('comes from a domain of its own where one is set, with TLS 1.2', () => {
    const mediaDomain = {
      name: 'charts.example.com',
      certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000',
    };
    const own = synthesize({ mediaDomain }).template;
    own.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        Aliases: ['charts.example.com'],
        ViewerCertificate: { MinimumProtocolVersion: 'TLSv1.2_2021' },
      },
    });
    own.resourcePropertiesCountIs(
      'AWS::Lambda::Function',
      { Environment: { Variables: { MEDIA_PUBLIC_BASE_URL: 'https://charts.example.com' } } },
      9,
    );
  });
});
