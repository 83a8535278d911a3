import { Duration } from 'aws-cdk-lib';
import {
  type BehaviorOptions,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HeadersReferrerPolicy,
  ResponseHeadersPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import type { Construct } from 'constructs';

/**
 * Adds the policy for SVG by the type of the answer. S3 cannot keep this header as an object's metadata (it would
 * come out as `x-amz-meta-...`), a path pattern would trust the spelling of the path, and on every type it would
 * stop browsers from showing a PDF. The text is what API.md asks for. What a stored chart shows in words is such metadata,
 * and leaves under the name that the function gives it.
 */
export const ANSWER_CODE = `function handler(event) {
  var response = event.response;
  var type = response.headers['content-type'];
  if (type && type.value.indexOf('image/svg+xml') === 0) {
    response.headers['content-security-policy'] = {
      value: "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    };
  }
  var alt = response.headers['x-amz-meta-alt'];
  if (alt) {
    response.headers['x-alt-text'] = { value: "alt*=UTF-8''" + alt.value };
    delete response.headers['x-amz-meta-alt'];
  }
  return response;
}`;

/** The headers of every answer below the charts' address, from S3 and from the function alike. */
export function createChartHeaders(
  scope: Construct,
): Pick<BehaviorOptions, 'responseHeadersPolicy' | 'functionAssociations'> {
  const responseHeadersPolicy = new ResponseHeadersPolicy(scope, 'Headers', {
    comment: 'Countersign charts',
    securityHeadersBehavior: {
      contentTypeOptions: { override: true },
      // The address of a private chart is its key; it must not travel on as a referrer.
      referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
      strictTransportSecurity: { accessControlMaxAge: Duration.days(365), override: true },
    },
    customHeadersBehavior: {
      customHeaders: [{ header: 'X-Robots-Tag', value: 'noindex', override: true }],
    },
    removeHeaders: ['x-amz-server-side-encryption'],
  });
  const svgPolicy = new EdgeFunction(scope, 'SvgPolicy', {
    comment: 'Content-Security-Policy of SVG charts, and the words of stored ones',
    runtime: FunctionRuntime.JS_2_0,
    code: FunctionCode.fromInline(ANSWER_CODE),
  });
  return {
    responseHeadersPolicy,
    functionAssociations: [{ function: svgPolicy, eventType: FunctionEventType.VIEWER_RESPONSE }],
  };
}
