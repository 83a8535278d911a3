import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Duty } from './duties.ts';
import type { DutyFunction } from './duty-function.ts';

/** A route of the HTTP API and the duty that answers it. */
interface Route {
  readonly method: HttpMethod;
  readonly path: string;
  readonly duty: Duty;
}

/** Everything that is not named here goes to `api`, which knows every route and holds the rights of a person's calls. */
const ROUTES: readonly Route[] = [
  { method: HttpMethod.POST, path: '/api/v1/signals', duty: 'ingest' },
  { method: HttpMethod.POST, path: '/api/v1/signals/batch', duty: 'ingest' },
  { method: HttpMethod.POST, path: '/hooks/tradingview/{token}', duty: 'ingest' },
  { method: HttpMethod.POST, path: '/bridge/v1/{proxy+}', duty: 'bridge' },
  { method: HttpMethod.POST, path: '/api/v1/charts', duty: 'charts' },
  { method: HttpMethod.GET, path: '/api/v1/signals/{id}/chart', duty: 'charts' },
  { method: HttpMethod.GET, path: '/api/v1/trades/{id}/chart', duty: 'charts' },
  { method: HttpMethod.GET, path: '/charts/{file}', duty: 'charts' },
  { method: HttpMethod.HEAD, path: '/charts/{file}', duty: 'charts' },
];

/**
 * One JSON line per request. The route's key stands for the path, and no query is written: a hook's token is
 * part of its path and a chart's signature part of its query, and neither may reach a log.
 */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  sourceIp: '$context.identity.sourceIp',
  routeKey: '$context.routeKey',
  status: '$context.status',
  protocol: '$context.protocol',
  responseBytes: '$context.responseLength',
  responseMs: '$context.responseLatency',
  integrationMs: '$context.integrationLatency',
  integrationStatus: '$context.integrationStatus',
  integrationError: '$context.integrationErrorMessage',
};

/** Requests a second over the whole API, and the burst above that. */
export interface Throttle {
  readonly rateLimit: number;
  readonly burstLimit: number;
}

/** The HTTP API: one address for all callers, each route led to the function with the rights for it. */
export class ApiFunctions extends Construct {
  readonly httpApi: HttpApi;
  readonly stage: HttpStage;
  /** Host name, without scheme, for CloudFront. */
  readonly host: string;
  /** Address of the API without a final slash. */
  readonly url: string;

  constructor(scope: Construct, id: string, throttle: Throttle) {
    super(scope, id);
    // No CORS: the console is same-origin, and every other caller is a program.
    this.httpApi = new HttpApi(this, 'HttpApi', { createDefaultStage: false, description: 'Countersign' });
    const accessLog = new LogGroup(this, 'AccessLog', {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.stage = new HttpStage(this, 'DefaultStage', {
      httpApi: this.httpApi,
      stageName: '$default',
      autoDeploy: true,
      throttle,
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLog),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
    const { region, urlSuffix } = Stack.of(this);
    this.host = `${this.httpApi.apiId}.execute-api.${region}.${urlSuffix}`;
    this.url = `https://${this.host}`;
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'Every route proves its caller itself (HMAC over the raw body, access token, session or hook token), which no authorizer of the gateway can do.',
    });
  }

  /** Connects the routes. Comes after the functions are made, whose settings hold this API's address. */
  connect(functions: Readonly<Record<Duty, DutyFunction>>): void {
    const integrations = new Map<Duty, HttpLambdaIntegration>();
    const integrationOf = (duty: Duty) => {
      const known = integrations.get(duty);
      if (known) return known;
      const made = new HttpLambdaIntegration(`${duty}-integration`, functions[duty].fn);
      integrations.set(duty, made);
      return made;
    };
    for (const { method, path, duty } of ROUTES) {
      this.httpApi.addRoutes({ path, methods: [method], integration: integrationOf(duty) });
    }
    // `$default` and not `/{proxy+}`: it also answers `/` and every method that the routes above leave out.
    new HttpRoute(this, 'Default', {
      httpApi: this.httpApi,
      routeKey: HttpRouteKey.DEFAULT,
      integration: integrationOf('api'),
    });
  }
}
