// The answer to ListObjectsV2.
// Source: docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html.
import type { ObjectMeta } from './object-files.ts';

/** Text made safe for XML. */
export function xmlText(text: string): string {
  return text.replace(/[<>&"'\t\r\n]/g, (char) => `&#${char.charCodeAt(0)};`);
}

interface Page {
  contents: ObjectMeta[];
  commonPrefixes: string[];
  nextAfter: string | undefined;
}

function isAfter(key: string, marker: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(marker)) > 0;
}

function takePage(
  all: readonly ObjectMeta[],
  prefix: string,
  delimiter: string,
  after: string,
  limit: number,
): Page {
  const page: Page = { contents: [], commonPrefixes: [], nextAfter: undefined };
  let last = '';
  for (const meta of all) {
    if (!meta.key.startsWith(prefix) || (after !== '' && !isAfter(meta.key, after))) continue;
    const cut = delimiter === '' ? -1 : meta.key.indexOf(delimiter, prefix.length);
    const group = cut === -1 ? undefined : meta.key.slice(0, cut + delimiter.length);
    if (group !== undefined && (page.commonPrefixes.at(-1) === group || after.startsWith(group))) {
      last = meta.key;
      continue;
    }
    if (page.contents.length + page.commonPrefixes.length === limit) {
      page.nextAfter = last;
      return page;
    }
    if (group === undefined) page.contents.push(meta);
    else page.commonPrefixes.push(group);
    last = meta.key;
  }
  return page;
}

/** The XML for a bucket's objects (in key order) and the request's query parameters. */
export function listingXml(bucket: string, all: readonly ObjectMeta[], query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const token = query.get('continuation-token');
  const after =
    token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
  const limit = Math.min(Math.max(Number(query.get('max-keys') ?? 1_000) || 0, 0), 1_000);
  const page =
    limit === 0
      ? { contents: [], commonPrefixes: [], nextAfter: undefined }
      : takePage(all, prefix, delimiter, after, limit);
  const name = (key: string): string =>
    query.get('encoding-type') === 'url' ? encodeURIComponent(key).replaceAll('%2F', '/') : xmlText(key);
  const parts = [
    `<Name>${xmlText(bucket)}</Name><Prefix>${name(prefix)}</Prefix><MaxKeys>${limit}</MaxKeys>`,
    `<KeyCount>${page.contents.length + page.commonPrefixes.length}</KeyCount>`,
    `<IsTruncated>${page.nextAfter !== undefined}</IsTruncated>`,
  ];
  if (delimiter !== '') parts.push(`<Delimiter>${name(delimiter)}</Delimiter>`);
  if (query.get('encoding-type') === 'url') parts.push('<EncodingType>url</EncodingType>');
  if (page.nextAfter !== undefined) {
    parts.push(
      `<NextContinuationToken>${Buffer.from(page.nextAfter).toString('base64url')}</NextContinuationToken>`,
    );
  }
  for (const meta of page.contents) {
    parts.push(
      `<Contents><Key>${name(meta.key)}</Key><LastModified>${new Date(meta.modifiedAtMs).toISOString()}</LastModified>`,
      `<ETag>${xmlText(meta.etag)}</ETag><Size>${meta.size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
  }
  for (const group of page.commonPrefixes)
    parts.push(`<CommonPrefixes><Prefix>${name(group)}</Prefix></CommonPrefixes>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join('')}</ListBucketResult>`;
}
