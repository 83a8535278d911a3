import type { App } from 'aws-cdk-lib';
import { z } from 'zod';
import type { Throttle } from './api-functions.ts';
import type { MediaDomain } from './chart-delivery.ts';
import type { Duty } from './duties.ts';

const concurrency = z.number().int().min(0).optional();

/** `-c name=value` gives every value as a string; `cdk.json` gives it as it stands. Both are accepted. */
const parsedJson = (value: unknown) => (typeof value === 'string' ? JSON.parse(value) : value);

const settings = z.object({
  stage: z.string().regex(/^[a-z][a-z0-9-]{0,19}$/),
  lambdaCodePath: z.string().optional(),
  publicBaseUrl: z.url({ protocol: /^https$/ }).optional(),
  mediaDomain: z.preprocess(
    parsedJson,
    z
      .strictObject({
        name: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/),
        certificateArn: z.string().regex(/^arn:aws:acm:us-east-1:\d{12}:certificate\/.+$/),
      })
      .optional(),
  ),
  mediaKeyGeneration: z.coerce.number().int().min(1).default(1),
  reservedConcurrency: z.preprocess(
    parsedJson,
    z
      .strictObject({
        ingest: concurrency,
        api: concurrency,
        bridge: concurrency,
        charts: concurrency,
        schedule: concurrency,
        queue: concurrency,
        reconcile: concurrency,
        slow: concurrency,
      })
      .default({}),
  ),
  throttle: z.preprocess(
    parsedJson,
    z
      .strictObject({ rateLimit: z.number().positive(), burstLimit: z.number().int().positive() })
      .default({ rateLimit: 200, burstLimit: 400 }),
  ),
});

/** What may differ between deployments, none of it secret. */
export interface AppSettings {
  /** Part of the stack's name and of every parameter's name. */
  readonly stage: string;
  /** A folder with a ready `lambda.mjs`; absent: `functions/lambda.ts` is bundled. */
  readonly lambdaCodePath?: string | undefined;
  /** Address of the API if a domain of one's own has been mapped to it; absent: the gateway's. */
  readonly publicBaseUrl?: string | undefined;
  /** The charts' own domain and its certificate; absent: CloudFront's name. */
  readonly mediaDomain?: MediaDomain | undefined;
  /** Raised by one with each new signing key: CloudFront cannot change the text of a public key in place. */
  readonly mediaKeyGeneration: number;
  /** Concurrency reserved for a duty; a duty left out shares the account's pool. */
  readonly reservedConcurrency: Readonly<Partial<Record<Duty, number | undefined>>>;
  readonly throttle: Throttle;
}

/**
 * Reads the settings from the CDK context (`cdk.json` or `-c name=value`; objects as JSON).
 *
 * @throws ZodError naming the wrong values; nothing is synthesised then
 */
export function readAppSettings(app: App): AppSettings {
  const values = Object.keys(settings.shape).map((name) => [name, app.node.tryGetContext(name)]);
  return settings.parse(Object.fromEntries(values));
}
