/** What the lanes that take signals count of themselves, refusals and time; what they stored is counted from the rows. */
import type { AppContext } from '../platform/endpoint.ts';
import {
  type CounterFamily,
  FLUSHED,
  type HistogramFamily,
  REQUEST_BOUNDS,
} from '../platform/metric-family.ts';
import { ProblemError, type ProblemSlug } from '../platform/problem.ts';

/** Callers that prove nothing must not make series or rows, so a reason is one of these words. */
const REASONS: readonly ProblemSlug[] = [
  'unauthorized',
  'not-found',
  'duplicate-signal',
  'idempotency-mismatch',
  'payload-too-large',
  'unsupported-media-type',
  'invalid-json',
  'invalid-body',
  'rate-limited',
];

export const SIGNALS_REFUSED: CounterFamily = {
  kind: 'counter',
  name: 'signals_refused_total',
  help: `Requests to a signal lane that were refused, by the problem answered; other: a failure of ours. ${FLUSHED}`,
  labels: { reason: [...REASONS, 'other'] },
};
export const SIGNALS_CREATE_SECONDS: HistogramFamily = {
  kind: 'histogram',
  name: 'signals_create_seconds',
  help: `Time from the first byte read to the 201 of a stored signal. ${FLUSHED}`,
  bounds: REQUEST_BOUNDS,
};

/** The handler of a lane, counted: each refusal by its reason, each 201 by its time. The answer is the handler's own. */
export const measuredLane =
  (handler: (c: AppContext) => Promise<Response>) =>
  async (c: AppContext): Promise<Response> => {
    const { metrics, clock } = c.var.deps;
    const startedMs = clock.nowMs();
    try {
      const answer = await handler(c);
      if (answer.status === 201) metrics.observe(SIGNALS_CREATE_SECONDS, (clock.nowMs() - startedMs) / 1000);
      return answer;
    } catch (e) {
      metrics.count(SIGNALS_REFUSED, [e instanceof ProblemError ? e.slug : 'other']);
      throw e;
    }
  };

/** Counts a refusal that stands inside an answer: a batch's item, an alert of a hook. */
export const countRefusal = (c: AppContext, slug: ProblemSlug): void =>
  c.var.deps.metrics.count(SIGNALS_REFUSED, [slug]);
