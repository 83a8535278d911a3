import { CfnParameter, Duration, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  type AddBehaviorOptions,
  AllowedMethods,
  CachePolicy,
  CacheQueryStringBehavior,
  Distribution,
  HttpVersion,
  KeyGroup,
  OriginProtocolPolicy,
  OriginSslPolicy,
  PublicKey,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, OriginGroup, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import {
  createChartBucket,
  denyPrivateChartsToCloudFront,
  grantChartDeletion,
  grantChartFiles,
} from './chart-bucket.ts';
import { createChartHeaders } from './chart-headers.ts';
import type { DutyFunction } from './duty-function.ts';

/** A host name without cookies for the charts, with its certificate, which CloudFront takes from us-east-1 only. */
export interface MediaDomain {
  readonly name: string;
  readonly certificateArn: string;
}

/** Where the charts' own function is reached, and which generation of the signing key is in force. */
export interface ChartDeliveryProps {
  readonly apiHost: string;
  readonly keyGeneration: number;
  readonly domain: MediaDomain | undefined;
}

/**
 * Charts through CloudFront, from one bucket, in two lanes told apart by the digest's prefix.
 *
 * - Market charts, `/charts/*`: S3 first, which answers without any code of ours; what is not stored (403, since
 *   CloudFront may not list) is asked of the `charts` function. Public, and immutable for a year.
 * - Private charts, `/charts/p-*`: CloudFront checks the signature of a trusted key group, then asks the `charts`
 *   function, which checks `exp` and `sig` and the catalogue and reads the object itself. S3 cannot tell a revoked
 *   chart from a live one and would answer 403, not 410, so the bucket refuses CloudFront these objects. Both
 *   parameters are in the cache key: an answer for one address, a 410 too, never serves another, and no copy
 *   outlives 300 s.
 *
 * A private address therefore reads
 * `/charts/p-<digest>.png?exp=..&sig=..&Expires=..&Signature=..&Key-Pair-Id=..[&Hash-Algorithm=SHA256]`, where the
 * last ones are CloudFront's, taken off before the origin is asked. `Expires` is best some minutes after `exp`:
 * a late reader then gets the function's 410 and not CloudFront's 403.
 */
export class ChartDelivery extends Construct {
  readonly bucket: Bucket;
  readonly distribution: Distribution;
  /** Address of the charts without a final slash. */
  readonly url: string;
  /** CloudFront's id of the public key, which a signed address must name. */
  readonly keyPairId: string;

  constructor(scope: Construct, id: string, props: ChartDeliveryProps) {
    super(scope, id);
    this.bucket = createChartBucket(this);
    const publicKey = this.createPublicKey(props.keyGeneration);
    this.keyPairId = publicKey.publicKeyId;

    // The assertion is for the compiler alone: under exactOptionalPropertyTypes no L2 bucket is an IBucket.
    const stored = S3BucketOrigin.withOriginAccessControl(this.bucket as IBucket);
    const charts = new HttpOrigin(props.apiHost, {
      protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
      originSslProtocols: [OriginSslPolicy.TLS_V1_2],
      readTimeout: Duration.seconds(30),
    });
    const common: AddBehaviorOptions = {
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
      compress: true,
      cachePolicy: this.createMarketCache(),
      ...createChartHeaders(this),
    };
    const market = new OriginGroup({
      primaryOrigin: stored,
      fallbackOrigin: charts,
      fallbackStatusCodes: [403, 404],
    });
    this.distribution = new Distribution(this, 'Distribution', {
      comment: 'Countersign charts',
      httpVersion: HttpVersion.HTTP2_AND_3,
      ...this.ownDomain(props.domain),
      // Anything that is no chart: the bucket holds nothing there, so this is a plain refusal at no cost of ours.
      defaultBehavior: { ...common, origin: stored },
      additionalBehaviors: {
        '/charts/p-*': {
          ...common,
          origin: charts,
          cachePolicy: this.createPrivateCache(),
          trustedKeyGroups: [new KeyGroup(this, 'Signers', { items: [publicKey] })],
        },
        '/charts/*': { ...common, origin: market },
      },
      // By default CloudFront keeps a 5xx for ten seconds; a failed render must not be kept at all.
      errorResponses: [500, 502, 503, 504].map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
    });
    denyPrivateChartsToCloudFront(this.bucket);
    this.url = `https://${props.domain?.name ?? this.distribution.distributionDomainName}`;
    this.acknowledge(props.domain);
  }

  /** Lets a function read and write chart files. */
  grantFiles(user: DutyFunction): void {
    grantChartFiles(this.bucket, user);
  }

  /** Lets a function delete chart files, and not read them. */
  grantDeletion(user: DutyFunction): void {
    grantChartDeletion(this.bucket, user);
  }

  /** The key is a parameter of the deployment without a default: a stack without one must not come up. */
  private createPublicKey(generation: number): PublicKey {
    const pem = new CfnParameter(this, 'PublicKeyPem', {
      type: 'String',
      description: 'PEM of the public half of MEDIA_CDN_PRIVATE_KEY (RSA 2048), for signed chart addresses',
      allowedPattern: '-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\\s]+-----END PUBLIC KEY-----\\s*',
      constraintDescription: 'a PEM public key, from BEGIN PUBLIC KEY to END PUBLIC KEY',
    });
    pem.overrideLogicalId('ChartsPublicKeyPem');
    return new PublicKey(this, `SigningKey${generation}`, { encodedKey: pem.valueAsString });
  }

  /** What the origin says, up to a year, under the path alone. */
  private createMarketCache(): CachePolicy {
    return new CachePolicy(this, 'MarketCache', {
      comment: 'Market charts: the origin decides, the path is the key',
      minTtl: Duration.seconds(0),
      defaultTtl: Duration.seconds(0),
      maxTtl: Duration.days(365),
      enableAcceptEncodingGzip: true,
      enableAcceptEncodingBrotli: true,
    });
  }

  /** At most five minutes, under the path, the expiry and the signature. */
  private createPrivateCache(): CachePolicy {
    return new CachePolicy(this, 'PrivateCache', {
      comment: 'Private charts: five minutes at most, one entry per signed address',
      queryStringBehavior: CacheQueryStringBehavior.allowList('exp', 'sig'),
      minTtl: Duration.seconds(0),
      defaultTtl: Duration.seconds(0),
      maxTtl: Duration.seconds(300),
      enableAcceptEncodingGzip: true,
      enableAcceptEncodingBrotli: true,
    });
  }

  private ownDomain(domain: MediaDomain | undefined) {
    if (!domain) return {};
    return {
      domainNames: [domain.name],
      certificate: Certificate.fromCertificateArn(this, 'Certificate', domain.certificateArn),
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
    };
  }

  private acknowledge(domain: MediaDomain | undefined): void {
    Validations.of(this.distribution).acknowledge(
      { id: 'AwsSolutions-CFR1', reason: 'Traders travel; no country is shut out.' },
      {
        id: 'AwsSolutions-CFR2',
        reason:
          'Reads of files only, no body and no cookie reaches an origin; the fallback is throttled by the API.',
      },
      {
        id: 'AwsSolutions-CFR3',
        reason: 'A standard log holds whole queries, that is the signatures of private charts.',
      },
    );
    if (domain) return;
    Validations.of(this.distribution).acknowledge({
      id: 'AwsSolutions-CFR4',
      reason: 'Under CloudFront’s own name AWS fixes the minimum; `mediaDomain` raises it to TLS 1.2.',
    });
  }
}
