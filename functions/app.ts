/** The one application behind every door: its routes in one visible list, and how a refusal is written. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { getApproval } from './approvals/get-approval.ts';
import { getCurrentConsent } from './approvals/get-current-consent.ts';
import { getTerms } from './approvals/get-terms.ts';
import { listApprovals } from './approvals/list-approvals.ts';
import { postApproval } from './approvals/post-approval.ts';
import { postConsent } from './approvals/post-consent.ts';
import { deleteChart } from './charts/delete-chart.ts';
import { getChart } from './charts/get-chart.ts';
import { getSignalChart } from './charts/get-signal-chart.ts';
import { getTradeChart } from './charts/get-trade-chart.ts';
import { postChart } from './charts/post-chart.ts';
import { dismissRestoreSuspicion } from './execution/dismiss-restore-suspicion.ts';
import { getAccount } from './execution/get-account.ts';
import { getDeployment } from './execution/get-deployment.ts';
import { haltAccount } from './execution/halt-account.ts';
import { haltDeployment } from './execution/halt-deployment.ts';
import { listAccounts } from './execution/list-accounts.ts';
import { listOrders } from './execution/list-orders.ts';
import { patchAccount } from './execution/patch-account.ts';
import { postAccount } from './execution/post-account.ts';
import { raiseRestoreEpoch } from './execution/raise-restore-epoch.ts';
import { releaseAccount } from './execution/release-account.ts';
import { resumeAccount } from './execution/resume-account.ts';
import { resumeDeployment } from './execution/resume-deployment.ts';
import { deleteSubscription } from './identity/delete-subscription.ts';
import { deleteToken } from './identity/delete-token.ts';
import { getJwks } from './identity/get-jwks.ts';
import { getMe } from './identity/get-me.ts';
import { getProducer } from './identity/get-producer.ts';
import { listAudit } from './identity/list-audit.ts';
import { listAuditSeals } from './identity/list-audit-seals.ts';
import { listBridges } from './identity/list-bridges.ts';
import { listInstruments } from './identity/list-instruments.ts';
import { listProducers } from './identity/list-producers.ts';
import { listSubscriptions } from './identity/list-subscriptions.ts';
import { listTokens } from './identity/list-tokens.ts';
import { listUsers } from './identity/list-users.ts';
import {
  revokeAlertDestination,
  revokeBridge,
  revokeProducer,
  rotateAlertDestination,
  rotateBridge,
  rotateProducer,
} from './identity/party-verbs.ts';
import { patchProducer } from './identity/patch-producer.ts';
import { patchUser } from './identity/patch-user.ts';
import { postBridge } from './identity/post-bridge.ts';
import { postHookRotation } from './identity/post-hook-rotation.ts';
import { postInstrument } from './identity/post-instrument.ts';
import { postProducer } from './identity/post-producer.ts';
import { postSubscription } from './identity/post-subscription.ts';
import { postToken } from './identity/post-token.ts';
import { postTokenExchange } from './identity/post-token-exchange.ts';
import { postUser } from './identity/post-user.ts';
import { getPerformance } from './ledger/get-performance.ts';
import { getPerformanceAttribution } from './ledger/get-performance-attribution.ts';
import { getTrade } from './ledger/get-trade.ts';
import { listPositions } from './ledger/list-positions.ts';
import { listTrades } from './ledger/list-trades.ts';
import { postAccountDeals } from './ledger/post-account-deals.ts';
import { getCandles } from './market/get-candles.ts';
import { getMarketHours } from './market/get-market-hours.ts';
import { postCalendar } from './market/post-calendar.ts';
import { postCalendarBlock } from './market/post-calendar-block.ts';
import { postCalendarException } from './market/post-calendar-exception.ts';
import { postSymbolCalendar } from './market/post-symbol-calendar.ts';
import { listAlertDestinations } from './notify/list-alert-destinations.ts';
import { listAlerts } from './notify/list-alerts.ts';
import { postAlertDestination } from './notify/post-alert-destination.ts';
import { postAlertTest } from './notify/post-alert-test.ts';
import { createScheduleWatch } from './notify/watch-schedule.ts';
import { ConfigError } from './platform/config.ts';
import { databaseFault } from './platform/database.ts';
import type { Deps } from './platform/deps.ts';
import type { App, AppEnv, Endpoint } from './platform/endpoint.ts';
import { countRequest } from './platform/http-metrics.ts';
import { causeOf } from './platform/log.ts';
import { jsonPointer, ProblemError, problem, problemResponse } from './platform/problem.ts';
import { type ReferenceDocument, referencePage } from './platform/reference-page.ts';
import { textFaults } from './platform/text-faults.ts';
import { getDivergence } from './reconciliation/get-divergence.ts';
import { healthz } from './reconciliation/get-healthz.ts';
import { getMetrics } from './reconciliation/get-metrics.ts';
import { readyz } from './reconciliation/get-readyz.ts';
import { listDeadEvents } from './reconciliation/list-dead-events.ts';
import { listDivergences } from './reconciliation/list-divergences.ts';
import { listReconciliationRuns } from './reconciliation/list-reconciliation-runs.ts';
import { postAccountRebuild } from './reconciliation/post-account-rebuild.ts';
import { postBridgeSync } from './reconciliation/post-bridge-sync.ts';
import { postDivergenceAdopt } from './reconciliation/post-divergence-adopt.ts';
import { postDivergenceClose } from './reconciliation/post-divergence-close.ts';
import { postDivergenceIgnore } from './reconciliation/post-divergence-ignore.ts';
import { postReconciliationRun } from './reconciliation/post-reconciliation-run.ts';
import { getGuard } from './risk/get-guard.ts';
import { getGuardBackfill } from './risk/get-guard-backfill.ts';
import { getGuardTrip } from './risk/get-guard-trip.ts';
import { listDailyRulePresets } from './risk/list-daily-rule-presets.ts';
import { listGuardTrips } from './risk/list-guard-trips.ts';
import { patchGuard } from './risk/patch-guard.ts';
import { postCloseAll } from './risk/post-close-all.ts';
import { postGuardRearm } from './risk/post-guard-rearm.ts';
import { postGuardStop } from './risk/post-guard-stop.ts';
import { cancelSignal } from './signals/cancel-signal.ts';
import { getSignal } from './signals/get-signal.ts';
import { listRefusals } from './signals/list-refusals.ts';
import { listSignals } from './signals/list-signals.ts';
import { postSignal } from './signals/post-signal.ts';
import { postSignalBatch } from './signals/post-signal-batch.ts';
import { postTradingviewHook } from './signals/post-tradingview-hook.ts';

export const ROUTES: readonly Endpoint[] = [
  postSignal,
  postSignalBatch,
  postTradingviewHook,
  listSignals,
  // Before the signal by its id, whose pattern it fits too.
  listRefusals,
  getSignal,
  cancelSignal,
  getTerms,
  postApproval,
  listApprovals,
  getApproval,
  getCurrentConsent,
  postConsent,
  getMe,
  postUser,
  listUsers,
  patchUser,
  postToken,
  postTokenExchange,
  listTokens,
  deleteToken,
  postProducer,
  listProducers,
  getProducer,
  patchProducer,
  rotateProducer,
  postHookRotation,
  revokeProducer,
  postSubscription,
  listSubscriptions,
  deleteSubscription,
  postBridge,
  listBridges,
  rotateBridge,
  revokeBridge,
  listAudit,
  listAuditSeals,
  postInstrument,
  listInstruments,
  postAccount,
  listAccounts,
  getAccount,
  patchAccount,
  haltAccount,
  resumeAccount,
  releaseAccount,
  postCloseAll,
  getGuard,
  patchGuard,
  postGuardRearm,
  postGuardStop,
  listGuardTrips,
  getGuardTrip,
  getGuardBackfill,
  listDailyRulePresets,
  postAccountRebuild,
  listOrders,
  getDeployment,
  haltDeployment,
  resumeDeployment,
  raiseRestoreEpoch,
  dismissRestoreSuspicion,
  postAccountDeals,
  listPositions,
  listTrades,
  getTrade,
  getPerformance,
  getPerformanceAttribution,
  listReconciliationRuns,
  postReconciliationRun,
  postBridgeSync,
  listDivergences,
  getDivergence,
  postDivergenceAdopt,
  postDivergenceIgnore,
  postDivergenceClose,
  listDeadEvents,
  listAlerts,
  postAlertDestination,
  listAlertDestinations,
  postAlertTest,
  rotateAlertDestination,
  revokeAlertDestination,
  getCandles,
  getMarketHours,
  postCalendar,
  postCalendarException,
  postCalendarBlock,
  postSymbolCalendar,
  postChart,
  getSignalChart,
  getTradeChart,
  deleteChart,
  getChart,
  getJwks,
  healthz,
  readyz,
  getMetrics,
];

/** What a door knows of a request besides the request itself. */
export type DoorContext = { deps: Deps; requestId: string; address: string };
export type DoorBindings = AppEnv & { Bindings: { door: DoorContext } };

const OPENAPI = {
  openapi: '3.1.0',
  info: {
    title: 'Countersign',
    version: '1',
    description: 'Signed trading signals, countersigned by people, executed on MetaTrader 5.',
  },
};

const DOCS_HEADERS = {
  'cache-control': 'public, max-age=300',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** Makes a thing when it is first asked for, and keeps it: what nobody asks for costs no start-up time. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Builds the application. One per isolate; everything that differs by request comes through the door. */
export function createApp(): App {
  const watchSchedule = createScheduleWatch();
  const app = new OpenAPIHono<DoorBindings>({
    defaultHook: (result, c) => {
      const slug = result.target === 'json' ? 'invalid-body' : 'invalid-query';
      const faults = result.success ? textFaults(result.data) : [];
      if (result.success && faults.length === 0) return undefined;
      // What no path of ours can hold names nothing, as an unknown id does.
      if (result.target === 'param') return refuse(problem('not-found'), c);
      if (result.success) return refuse(problem(slug, { errors: faults }), c);
      const errors = result.error.issues.flatMap((i) =>
        i.code === 'unrecognized_keys'
          ? i.keys.map((k) => ({ pointer: jsonPointer([...i.path, k]), detail: 'is not a known member' }))
          : [{ pointer: jsonPointer(i.path), detail: i.message }],
      );
      return refuse(problem(slug, { errors }), c);
    },
  });
  app.use(async (c, next) => {
    const { deps, requestId, address } = c.env.door;
    const startedMs = deps.clock.nowMs();
    c.set('deps', deps);
    c.set('requestId', requestId);
    c.set('address', address);
    c.set('actor', 'nobody');
    await next();
    c.res.headers.set('x-request-id', requestId);
    const durationMs = deps.clock.nowMs() - startedMs;
    countRequest(deps.metrics, { route: routeOf(c), status: c.res.status, durationMs });
    deps.log({
      kind: 'request',
      name: `${c.req.method} ${routeOf(c)}`,
      outcome: c.res.status < 400 ? 'ok' : 'refused',
      request_id: requestId,
      duration_ms: durationMs,
      actor: c.var.actor,
      status: c.res.status,
      database_calls: deps.calls.database,
      outbound_calls: deps.calls.outbound,
    });
    watchSchedule(deps);
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'Authorization: Bearer, then an access token or the JWT that it was exchanged for',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'producer', {
    type: 'apiKey',
    in: 'header',
    name: 'X-Signature',
    description: 'the native signature of a producer, or the headers of Standard Webhooks',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'bridge', {
    type: 'apiKey',
    in: 'header',
    name: 'X-Signature',
    description: 'the native signature of a bridge that polls, with X-Bridge-Id and X-Nonce',
  });
  // The list is typed for rooms, which know nothing of doors.
  const rooms = app as unknown as App;
  for (const route of ROUTES) route.mount(rooms);
  const document = once(() => app.getOpenAPI31Document(OPENAPI));
  const page = once(() => referencePage(document() as unknown as ReferenceDocument));
  app.get('/openapi.json', (c) => c.json(document()));
  app.get('/docs', async (c) => {
    const { body, policy } = await page();
    return c.html(body, 200, { ...DOCS_HEADERS, 'content-security-policy': policy });
  });
  app.notFound((c) => refuse(problem('not-found', { detail: 'no such route' }), c));
  app.onError((e, c) => refuse(problemOf(e, c), c));
  return rooms;
}

type Ctx = {
  var: AppEnv['Variables'];
  req: { routePath?: string; matchedRoutes?: { path: string }[]; path: string };
};

/** The pattern of the route, never the path: a path may hold a secret. */
function routeOf(c: unknown): string {
  const { req } = c as Ctx;
  const patterns = (req.matchedRoutes ?? []).map((r) => r.path).filter((p) => !p.endsWith('*'));
  // A path that is itself a pattern holds no parameter, and was served before any pattern that it fits too.
  return patterns.find((p) => p === req.path) ?? patterns.at(-1) ?? 'unmatched';
}

const refuse = (p: ProblemError, c: unknown): Response =>
  problemResponse(p, routeOf(c), (c as Ctx).var.requestId);

/** What a caller may learn of something thrown. The rest goes to the log. */
function problemOf(e: unknown, c: unknown): ProblemError {
  if (e instanceof ProblemError) return e;
  const status = e instanceof Error && 'status' in e ? e.status : undefined;
  if (status === 400) return problem('invalid-json');
  if (status === 415) return problem('unsupported-media-type');
  const { deps, requestId } = (c as Ctx).var;
  deps.log({ kind: 'fault', name: routeOf(c), outcome: 'thrown', request_id: requestId, cause: causeOf(e) });
  if (e instanceof ConfigError) return problem('misconfigured');
  switch (databaseFault(e)?.kind) {
    case 'contention':
      return problem('unavailable', { detail: 'nothing was stored; try again' });
    case 'unreachable':
      return problem('unavailable', { detail: 'it is not known whether anything was stored' });
    default:
      return problem('internal');
  }
}
