/** What every HTTP service counts of its requests. Routes are patterns: a path may hold an id or a secret. */
import { type CounterFamily, FLUSHED, type HistogramFamily, REQUEST_BOUNDS } from './metric-family.ts';
import type { Metrics } from './metrics.ts';

const ROUTE = /^(unmatched|\/[A-Za-z0-9/:._{}-]{0,99})$/;
const STATUS = /^[1-5]\d\d$/;

const REQUESTS: CounterFamily = {
  kind: 'counter',
  name: 'http_requests_total',
  help: `Requests answered, by pattern of the route and status code. ${FLUSHED}`,
  labels: { route: ROUTE, code: STATUS },
};
const ERRORS: CounterFamily = {
  kind: 'counter',
  name: 'errors_total',
  help: `Requests refused or failed (status 400 and above), by status code. ${FLUSHED}`,
  labels: { status: STATUS },
};
const DURATION: HistogramFamily = {
  kind: 'histogram',
  name: 'request_duration_seconds',
  help: `Time from the door to the answer; on Workers the time of I/O alone. ${FLUSHED}`,
  bounds: REQUEST_BOUNDS,
};
export const HTTP_METRICS = [REQUESTS, ERRORS, DURATION] as const;

/** Counts one answered request and puts what is due behind the answer. */
export function countRequest(
  metrics: Metrics,
  request: { route: string; status: number; durationMs: number },
): void {
  const code = String(request.status);
  metrics.count(REQUESTS, [request.route, code]);
  if (request.status >= 400) metrics.count(ERRORS, [code]);
  metrics.observe(DURATION, request.durationMs / 1000);
  metrics.flush();
}
