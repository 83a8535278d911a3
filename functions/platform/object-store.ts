/** Object storage for pictures: R2 on Cloudflare, S3 on AWS. A key's content never changes once written. */
import { AwsClient } from 'aws4fetch';

export type StoredObject = { body: Uint8Array<ArrayBuffer>; etag: string; alt: string };
/** `alt`: what the object shows, in words; printable ASCII, since it travels as a header of the store's. */
export type ObjectMeta = { contentType: string; cacheControl: string; alt: string };

export type ObjectStore = {
  /** The object, or null where there is none. Throws where the store did not answer. */
  get(key: string): Promise<StoredObject | null>;
  /** Stores the bytes under the key, over whatever was there. */
  put(key: string, bytes: Uint8Array<ArrayBuffer>, meta: ObjectMeta): Promise<void>;
  /** Deletes the objects; where there is none nothing happens. At most a thousand. */
  delete(keys: readonly string[]): Promise<void>;
};

/** Cloudflare R2. */
export function r2Store(bucket: R2Bucket): ObjectStore {
  return {
    async get(key) {
      const object = await bucket.get(key);
      if (object === null) return null;
      const body = new Uint8Array(await object.arrayBuffer());
      return { body, etag: object.httpEtag, alt: object.customMetadata?.['alt'] ?? '' };
    },
    async put(key, bytes, meta) {
      await bucket.put(key, bytes, {
        httpMetadata: { contentType: meta.contentType, cacheControl: meta.cacheControl },
        customMetadata: { alt: meta.alt },
      });
    },
    delete: (keys) => bucket.delete([...keys]),
  };
}

/** Deletions under way. */
const AT_ONCE = 5;

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
      const body = new Uint8Array(await answer.arrayBuffer());
      const { headers } = answer;
      return { body, etag: headers.get('etag') ?? '', alt: headers.get('x-amz-meta-alt') ?? '' };
    },
    async put(key, bytes, meta) {
      const answer = await client.fetch(address(key), {
        method: 'PUT',
        headers: {
          'content-type': meta.contentType,
          'cache-control': meta.cacheControl,
          'x-amz-meta-alt': meta.alt,
        },
        body: bytes,
        signal: signal(),
      });
      if (!answer.ok) throw new Error(`object storage answered ${answer.status}`);
    },
    async delete(keys) {
      const gone = async (key: string) => {
        const answer = await client.fetch(address(key), { method: 'DELETE', signal: signal() });
        if (!answer.ok && answer.status !== 404) throw new Error(`object storage answered ${answer.status}`);
      };
      for (let i = 0; i < keys.length; i += AT_ONCE) await Promise.all(keys.slice(i, i + AT_ONCE).map(gone));
    },
  };
}
