/** Object storage for pictures: R2 on Cloudflare, S3 on AWS. A key's content never changes once written. */
import { AwsClient } from 'aws4fetch';

export type StoredObject = { body: ReadableStream | Uint8Array<ArrayBuffer>; etag: string };
export type ObjectMeta = { contentType: string; cacheControl: string };

export type ObjectStore = {
  /** The object, or null where there is none. Throws where the store did not answer. */
  get(key: string): Promise<StoredObject | null>;
  /** Stores the bytes under the key, over whatever was there. */
  put(key: string, bytes: Uint8Array<ArrayBuffer>, meta: ObjectMeta): Promise<void>;
};

/** Cloudflare R2. */
export function r2Store(bucket: R2Bucket): ObjectStore {
  return {
    async get(key) {
      const object = await bucket.get(key);
      return object === null ? null : { body: object.body, etag: object.httpEtag };
    },
    async put(key, bytes, meta) {
      await bucket.put(key, bytes, {
        httpMetadata: { contentType: meta.contentType, cacheControl: meta.cacheControl },
      });
    },
  };
}

/** Amazon S3, path style. */
export function s3Store(options: {
  bucket: string;
  endpoint: string | undefined;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  timeoutMs: number;
}): ObjectStore {
  const client = new AwsClient({ ...options.credentials, region: options.region, service: 's3', retries: 2 });
  const base = options.endpoint ?? `https://s3.${options.region}.amazonaws.com`;
  const address = (key: string) => `${base}/${options.bucket}/${key}`;
  const signal = () => AbortSignal.timeout(options.timeoutMs);
  return {
    async get(key) {
      const answer = await client.fetch(address(key), { signal: signal() });
      if (answer.status === 404 || answer.status === 403) return null;
      if (!answer.ok) throw new Error(`object storage answered ${answer.status}`);
      return { body: new Uint8Array(await answer.arrayBuffer()), etag: answer.headers.get('etag') ?? '' };
    },
    async put(key, bytes, meta) {
      const answer = await client.fetch(address(key), {
        method: 'PUT',
        headers: { 'content-type': meta.contentType, 'cache-control': meta.cacheControl },
        body: bytes,
        signal: signal(),
      });
      if (!answer.ok) throw new Error(`object storage answered ${answer.status}`);
    },
  };
}
