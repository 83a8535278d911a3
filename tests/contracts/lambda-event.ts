// HTTP as API Gateway's HTTP API hands it to a function (payload version 2), and back.
import { isUtf8 } from 'node:buffer';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { LambdaContext } from 'hono/aws-lambda';

export type HttpRequest = {
  method: string;
  /** Path and query as sent. */
  target: string;
  headers: Record<string, string>;
  body: Uint8Array;
  address: string;
};

let texts = 0;

/** The gateway hands over the path decoded; what is no percent-encoded UTF-8 stays as it was sent. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * The event of a request. Header names are in lower case and the length is always known, because the gateway reads
 * the body whole. Bytes that are no text come as base64; a text comes as base64 every other time.
 */
export function eventOf(r: HttpRequest): APIGatewayProxyEventV2 {
  const at = r.target.indexOf('?');
  const path = at < 0 ? r.target : r.target.slice(0, at);
  const rawQueryString = at < 0 ? '' : r.target.slice(at + 1);
  const headers = Object.fromEntries(
    Object.entries(r.headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => name !== 'transfer-encoding' && name !== 'connection'),
  );
  const bytes = Buffer.from(r.body);
  const asText = isUtf8(bytes) && texts++ % 2 === 0;
  const rawPath = decoded(path);
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers: {
      host: 'functions.example',
      ...headers,
      ...(bytes.byteLength > 0 ? { 'content-length': String(bytes.byteLength) } : {}),
    },
    requestContext: {
      accountId: '000000000000',
      apiId: 'contract',
      domainName: 'functions.example',
      domainPrefix: 'functions',
      http: {
        method: r.method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: r.address,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: 'contract',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: 0,
    },
    ...(bytes.byteLength > 0 ? { body: asText ? bytes.toString() : bytes.toString('base64') } : {}),
    isBase64Encoded: bytes.byteLength > 0 && !asText,
  };
}

/** The answer that the gateway makes of a function's result. */
export function answerOf(result: APIGatewayProxyStructuredResultV2): {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
} {
  const headers = Object.fromEntries(
    Object.entries(result.headers ?? {}).map(([name, value]) => [name, String(value)]),
  );
  const body = Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8');
  return { status: result.statusCode ?? 200, headers, body };
}

/** What of its context a handler may read. */
export const LAMBDA_CONTEXT: LambdaContext = {
  awsRequestId: 'contract',
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'contract',
  functionVersion: '1',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:contract',
  memoryLimitInMB: '512',
  logGroupName: 'contract',
  logStreamName: 'contract',
  getRemainingTimeInMillis: () => 30_000,
  done: () => {},
  fail: () => {},
  succeed: () => {},
} as unknown as LambdaContext;
