import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoopbackServer } from '../../../infra/local/listen-loopback.ts';
import { startObjectStore } from '../../../infra/local/object-store-server.ts';

const keys = { accessKey: 'AKLOCAL', secretKey: 'local/secret+key' };
const Bucket = 'charts';
const folder = mkdtempSync(join(tmpdir(), 'countersign-s3-'));
let server: LoopbackServer;
let s3: S3Client;
let aws: AwsClient;

const clientOf = (url: string, secretAccessKey = keys.secretKey, accessKeyId = keys.accessKey): S3Client =>
  new S3Client({
    endpoint: url,
    region: 'eu-central-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
  });

beforeAll(async () => {
  server = await startObjectStore({ port: 0, dataDir: folder, ...keys });
  s3 = clientOf(server.url);
  aws = new AwsClient({
    accessKeyId: keys.accessKey,
    secretAccessKey: keys.secretKey,
    service: 's3',
    region: 'auto',
    retries: 0,
  });
});

afterAll(async () => {
  s3?.destroy();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('through @aws-sdk/client-s3', () => {
  it('keeps bytes, type, cache control and metadata', async () => {
    const Body = Buffer.from([0, 255, 10, 13, 10, 0]);
    const Key = 'a b/ü+%~(1)/chart.png';
    const put = await s3.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body,
        ContentType: 'image/png',
        CacheControl: 'max-age=60',
        Metadata: { spec: 'v1' },
      }),
    );
    expect(put.ETag).toMatch(/^"[0-9a-f]{32}"$/);
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(Body);
    expect(got).toMatchObject({
      ContentType: 'image/png',
      CacheControl: 'max-age=60',
      Metadata: { spec: 'v1' },
      ETag: put.ETag,
    });
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    expect(head).toMatchObject({ ContentLength: 6, ETag: put.ETag, Metadata: { spec: 'v1' } });
    expect(Math.abs(Number(head.LastModified) - Date.now())).toBeLessThan(60_000);
  });

  it('takes a stream in aws-chunked form', async () => {
    const Body = Readable.from([Buffer.alloc(70_000, 'a'), Buffer.alloc(5, 'b')]);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'stream', Body, ContentLength: 70_005 }));
    const text = await (
      await s3.send(new GetObjectCommand({ Bucket, Key: 'stream' }))
    ).Body?.transformToString();
    expect(text).toBe('a'.repeat(70_000) + 'b'.repeat(5));
  });

  it('lets exactly one of several conditional writers win', async () => {
    const write = (n: number) =>
      s3.send(new PutObjectCommand({ Bucket, Key: 'once', Body: `writer ${n}`, IfNoneMatch: '*' }));
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(write));
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failures).toHaveLength(3);
    for (const { reason } of failures)
      expect(reason).toMatchObject({ name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } });
    const winner = outcomes.findIndex((outcome) => outcome.status === 'fulfilled') + 1;
    const body = (await s3.send(new GetObjectCommand({ Bucket, Key: 'once' }))).Body;
    expect(await body?.transformToString()).toBe(`writer ${winner}`);
  });

  it('answers 304 to a known ETag', async () => {
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'tagged', Body: 'x' }));
    const known = s3.send(new GetObjectCommand({ Bucket, Key: 'tagged', IfNoneMatch: ETag }));
    await expect(known).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
    expect(
      (await s3.send(new GetObjectCommand({ Bucket, Key: 'tagged', IfNoneMatch: '"other"' }))).ETag,
    ).toBe(ETag);
  });

  it('names what is missing', async () => {
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({
      name: 'NoSuchKey',
    });
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
    await expect(s3.send(new GetObjectCommand({ Bucket: 'nobucket', Key: 'k' }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
    const deleted = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'none' }));
    expect(deleted.$metadata.httpStatusCode).toBe(204);
  });

  it('deletes', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'gone', Body: 'x' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'gone' }))).rejects.toMatchObject({
      name: 'NoSuchKey',
    });
  });

  it('lists by prefix, delimiter and pages', async () => {
    const names = ['p/a', 'p/b/1', 'p/b/2', 'p/c/1', 'p/d & <e>', 'q'];
    for (const Key of names) await s3.send(new PutObjectCommand({ Bucket: 'listing', Key, Body: Key }));
    const all: string[] = [];
    let token: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket: 'listing', MaxKeys: 2, ContinuationToken: token }),
      );
      all.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    expect(all).toEqual(names);
    const grouped: string[] = [];
    for (let next: string | undefined, first = true; first || next !== undefined; first = false) {
      const page = await s3.send(
        new ListObjectsV2Command({
          Bucket: 'listing',
          Prefix: 'p/',
          Delimiter: '/',
          MaxKeys: 1,
          ContinuationToken: next,
        }),
      );
      grouped.push(
        ...(page.Contents ?? []).map(({ Key }) => Key ?? ''),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''),
      );
      next = page.NextContinuationToken;
    }
    expect(grouped).toEqual(['p/a', 'p/b/', 'p/c/', 'p/d & <e>']);
    const after = await s3.send(new ListObjectsV2Command({ Bucket: 'listing', StartAfter: 'p/c/1' }));
    expect(after.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([
      ['p/d & <e>', 9],
      ['q', 1],
    ]);
  });

  it('refuses wrong keys', async () => {
    const get = new GetObjectCommand({ Bucket, Key: 'once' });
    await expect(clientOf(server.url, 'wrong').send(get)).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
    await expect(clientOf(server.url, keys.secretKey, 'OTHER').send(get)).rejects.toMatchObject({
      name: 'InvalidAccessKeyId',
    });
  });
});

describe('through aws4fetch', () => {
  it('puts, gets and revalidates', async () => {
    const address = `${server.url}/${Bucket}/from/fetch%20it.svg`;
    const put = await aws.fetch(address, {
      method: 'PUT',
      body: '<svg/>',
      headers: { 'content-type': 'image/svg+xml', 'cache-control': 'no-cache', 'if-none-match': '*' },
    });
    expect(put.status).toBe(200);
    const got = await aws.fetch(address);
    expect([got.status, got.headers.get('content-type'), await got.text()]).toEqual([
      200,
      'image/svg+xml',
      '<svg/>',
    ]);
    const etag = got.headers.get('etag') ?? '';
    expect((await aws.fetch(address, { headers: { 'if-none-match': etag } })).status).toBe(304);
    const again = await aws.fetch(address, { method: 'PUT', body: 'x', headers: { 'if-none-match': '*' } });
    expect(again.status).toBe(412);
    expect(await again.text()).toContain('<Code>PreconditionFailed</Code>');
    const list = await aws.fetch(`${server.url}/${Bucket}?list-type=2&prefix=from/`);
    expect(await list.text()).toContain('<Key>from/fetch it.svg</Key>');
    expect((await aws.fetch(address, { method: 'DELETE' })).status).toBe(204);
  });

  it('refuses what was changed after signing, what is unsigned and what is old', async () => {
    const address = `${server.url}/${Bucket}/signed`;
    const body = 'signed bytes';
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(body))).toString('hex');
    const signed = await aws.sign(address, {
      method: 'PUT',
      body,
      headers: { 'x-amz-content-sha256': digest },
    });
    const send = (to: string, init: RequestInit): Promise<Response> =>
      fetch(to, { method: 'PUT', headers: signed.headers, ...init });
    expect(await (await send(address, { body: 'other bytes!' })).text()).toContain(
      'XAmzContentSHA256Mismatch',
    );
    expect((await send(`${address}x`, { body })).status).toBe(403);
    expect((await send(`${address}?acl=1`, { body })).status).toBe(403);
    expect((await send(address, { body })).status).toBe(200);
    expect(await (await fetch(address)).text()).toContain('<Code>AccessDenied</Code>');
    const old = await aws.sign(address, { aws: { datetime: '20200101T000000Z' } });
    expect(await (await fetch(old)).text()).toContain('RequestTimeTooSkewed');
  });
});

describe('the files', () => {
  it('outlive the server, and half-written ones are swept away', async () => {
    await s3.send(new PutObjectCommand({ Bucket: 'kept', Key: '../../etc/x', Body: 'safe' }));
    await server.stop();
    writeFileSync(join(folder, 'kept', '.tmp-left'), 'half');
    server = await startObjectStore({ port: 0, dataDir: folder, ...keys });
    s3 = clientOf(server.url);
    const list = await s3.send(new ListObjectsV2Command({ Bucket: 'kept' }));
    expect(list.Contents?.map(({ Key }) => Key)).toEqual(['../../etc/x']);
    expect(readdirSync(join(folder, 'kept'))).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });
});
