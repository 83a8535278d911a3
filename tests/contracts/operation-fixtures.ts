// What each operation of /openapi.json needs to be called, who may call it, and what it says to everybody else. The
// ids that a fixture names are the subject's: one person's things, which no stranger may reach.
import { unique } from './world.ts';

export const SCOPES = [
  ...['signals:read', 'signals:cancel', 'approvals:write', 'trading:read', 'trading:act', 'charts'],
  ...['admin', 'metrics'],
] as const;

/** An id of the form of ours that nothing has. */
export const NOBODY = '018f0000-0000-7000-8000-000000000000';

/** The things of one person, by what they are; the destination is of his alerts, and belongs to an owner. */
export type Things = Record<
  | 'user'
  | 'producer'
  | 'bridge'
  | 'destination'
  | 'token'
  | 'account'
  | 'signal'
  | 'approval'
  | 'trade'
  | 'divergence'
  | 'trip'
  | 'chart',
  string
>;
type Ids = Readonly<Record<string, string>>;

export type Fixture = {
  /**
   * The one scope that it takes; `any`: a live token is enough; `signature` and `bridge`: a producer's or a bridge's
   * signature, so that no token counts;
   * a number: open to all, and the answer that one with nothing gets.
   */
  may: string | number;
  /** Ids in the path, the query or the body, and what of the subject's they name. */
  ids?: Readonly<Record<string, keyof Things>>;
  body?: (ids: Ids) => unknown;
  query?: readonly string[];
  /** What the query says besides. */
  asking?: string;
  /** The answer to a stranger who names the subject's ids; for a list, a 200 that says nothing of them. */
  stranger?: number;
  /** The answer to an owner who names ids that nothing has, in `ids` or in the body itself. */
  unknown?: number;
  /** A list in which the subject finds this of himself. */
  finds?: keyof Things;
  /** A body that no admin may send, only an owner; `ids` are then an owner's. */
  ownerOnly?: (owner: string) => { ids?: Ids; body: unknown };
};

/** A thing with an id: 403 for a stranger, 404 where there is none. */
const one = (may: string, thing: keyof Things, over: Partial<Fixture> = {}): Fixture => ({
  ...{ may, ids: { id: thing }, stranger: 403, unknown: 404 },
  ...over,
});
const list = (may: string, finds?: keyof Things, over: Partial<Fixture> = {}): Fixture => ({
  ...{ may, stranger: 200 },
  ...(finds === undefined ? {} : { finds }),
  ...over,
});
const price = (i: number) => ({ open: '1', high: '2', low: '1', close: '2', time: 1_767_225_600 + i * 3600 });
const candles = Array.from({ length: 3 }, (_, i) => price(i));
const person = () => ({ name: 'N', email: `${unique()}@contract.example` });
const overlap = { body: () => ({ overlap_seconds: 60 }) };
const judged = { body: () => ({ reason: 'a fixture' }) };

const SIGNALS: Record<string, Fixture> = {
  'post /api/v1/signals': {
    may: 'signature',
    body: () => ({ instrument: 'EURUSD', side: 'buy', price: '1', external_id: unique() }),
  },
  'post /api/v1/signals/batch': {
    may: 'signature',
    body: () => [{ instrument: 'EURUSD', side: 'buy', price: '1', external_id: unique() }],
  },
  'post /hooks/tradingview/{token}': { may: 404, body: () => ({ ticker: 'EURUSD', action: 'buy' }) },
  'get /api/v1/signals': list('signals:read', 'signal'),
  'get /api/v1/signals/refused': list('signals:read', undefined, {
    ids: { producer_id: 'producer' },
    query: ['producer_id'],
  }),
  'get /api/v1/signals/{id}': one('signals:read', 'signal'),
  'post /api/v1/signals/{id}/cancel': one('signals:cancel', 'signal'),
};

const APPROVALS: Record<string, Fixture> = {
  'get /api/v1/signals/{id}/terms': one('signals:read', 'signal'),
  'post /api/v1/approvals': {
    ...{ may: 'approvals:write', ids: { signal_id: 'signal' }, stranger: 403, unknown: 404 },
    body: ({ signal_id }) => ({ signal_id, decision: 'rejected', consent_version: 1 }),
  },
  'get /api/v1/approvals': list('signals:read', 'approval'),
  'get /api/v1/approvals/{id}': one('signals:read', 'approval'),
  'get /api/v1/consents/current': { may: 'signals:read' },
  'post /api/v1/consents': {
    may: 'admin',
    body: () => ({ text: `Consent ${unique()}` }),
    ownerOnly: () => ({ body: { text: 'of an admin' } }),
  },
};

const PEOPLE: Record<string, Fixture> = {
  'get /api/v1/me': { may: 'any' },
  'post /api/v1/users': {
    may: 'admin',
    body: person,
    ownerOnly: () => ({ body: { ...person(), role: 'admin' } }),
  },
  'get /api/v1/users': { may: 'admin' },
  'patch /api/v1/users/{id}': one('admin', 'user', {
    body: () => ({ name: 'N' }),
    ownerOnly: (id) => ({ ids: { id }, body: { name: 'N' } }),
  }),
  'post /api/v1/tokens': {
    ...{ may: 'any', ids: { user_id: 'user' }, stranger: 403, unknown: 404 },
    body: ({ user_id }) => ({ name: 'N', user_id }),
    ownerOnly: (user_id) => ({ body: { name: 'N', user_id } }),
  },
  'post /api/v1/tokens/exchange': { may: 'any', body: () => ({}) },
  'get /api/v1/tokens': list('any', 'token'),
  'delete /api/v1/tokens/{id}': one('any', 'token', { stranger: 404 }),
  'get /api/v1/audit': { may: 'admin' },
  'get /api/v1/audit/seals': { may: 'admin' },
};

const PARTIES: Record<string, Fixture> = {
  'post /api/v1/producers': { may: 'admin', body: () => ({ name: 'N', instruments: ['EURUSD'] }) },
  'get /api/v1/producers': list('signals:read', 'producer'),
  'get /api/v1/producers/{id}': one('signals:read', 'producer'),
  'patch /api/v1/producers/{id}': one('admin', 'producer', { body: () => ({ name: 'N' }) }),
  'post /api/v1/producers/{id}/rotate': one('trading:act', 'producer', overlap),
  'post /api/v1/producers/{id}/hook/rotate': one('trading:act', 'producer', overlap),
  'post /api/v1/producers/{id}/revoke': one('trading:act', 'producer'),
  'post /api/v1/subscriptions': {
    ...{ may: 'admin', ids: { producer_id: 'producer', user_id: 'user' }, stranger: 403, unknown: 404 },
    body: ({ producer_id, user_id }) => ({ producer_id, user_id }),
  },
  'get /api/v1/subscriptions': list('signals:read'),
  'delete /api/v1/subscriptions/{producer_id}/{user_id}': {
    ...{ may: 'signals:read', ids: { producer_id: 'producer', user_id: 'user' } },
    ...{ stranger: 403, unknown: 404 },
  },
  'post /api/v1/bridges': {
    may: 'trading:act',
    body: () => ({ name: 'N', url: 'http://127.0.0.1:9/bridge' }),
  },
  'post /bridge/v1/sync': {
    may: 'bridge',
    body: () => ({
      ...{ v: 1, kind: 'sync', request_id: unique(), sent_at: new Date().toISOString(), deals_from: null },
      ...{ snapshot: null, replies: [] },
    }),
  },
  'get /api/v1/bridges': list('trading:read', 'bridge'),
  'post /api/v1/bridges/{id}/rotate': one('trading:act', 'bridge', overlap),
  'post /api/v1/bridges/{id}/revoke': one('trading:act', 'bridge'),
  'post /api/v1/instruments': {
    may: 'admin',
    body: () => ({ symbol: 'FIXTURE', digits: 5, enabled: false }),
  },
  'get /api/v1/instruments': { may: 'signals:read' },
};

const ALERTS: Record<string, Fixture> = {
  'post /api/v1/alerts/destinations': {
    ...{ may: 'admin', unknown: 422 },
    // For nobody: one that stood would be told of what other tests do.
    body: () => ({ channel: 'webhook', name: 'N', url: 'http://127.0.0.1:9/', user_id: NOBODY }),
  },
  'get /api/v1/alerts/destinations': { may: 'admin' },
  'post /api/v1/alerts/destinations/{id}/rotate': one('admin', 'destination', overlap),
  'post /api/v1/alerts/destinations/{id}/revoke': one('admin', 'destination'),
  'post /api/v1/alerts/destinations/{id}/test': one('admin', 'destination'),
  'get /api/v1/alerts': list('trading:read'),
};

const PERFORMANCE: Fixture = {
  ...{ may: 'trading:read', ids: { account: 'account' }, query: ['account'] },
  ...{ stranger: 403, unknown: 404 },
};
const TRADING: Record<string, Fixture> = {
  'post /api/v1/accounts': {
    // A bridge that is not one's own is a fault of the body, and no more is said of it than of none.
    ...{ may: 'trading:act', ids: { bridge_id: 'bridge' }, stranger: 422, unknown: 422 },
    body: ({ bridge_id }) => ({ name: 'N', bridge_id }),
  },
  'get /api/v1/accounts': list('trading:read', 'account'),
  'get /api/v1/accounts/{id}': one('trading:read', 'account'),
  'patch /api/v1/accounts/{id}': one('trading:act', 'account', { body: () => ({ name: 'N' }) }),
  'post /api/v1/accounts/{id}/halt': one('trading:act', 'account'),
  'post /api/v1/accounts/{id}/resume': one('admin', 'account'),
  'post /api/v1/accounts/{id}/rebuild': one('admin', 'account'),
  'post /api/v1/accounts/{id}/release': one('admin', 'account', {
    body: () => ({ reason: 'a fixture' }),
    ownerOnly: () => ({ ids: { id: NOBODY }, body: { reason: 'of an admin' } }),
  }),
  'post /api/v1/accounts/{id}/close-all': one('trading:act', 'account'),
  'get /api/v1/accounts/{id}/guard': one('trading:read', 'account'),
  'patch /api/v1/accounts/{id}/guard': one('trading:act', 'account', { body: () => ({ warn_bps: 1_400 }) }),
  'post /api/v1/accounts/{id}/guard/rearm': one('admin', 'account', judged),
  'post /api/v1/accounts/{id}/guard/stop': one('admin', 'account', {
    ...judged,
    ownerOnly: () => ({ ids: { id: NOBODY }, body: { reason: 'of an admin' } }),
  }),
  'get /api/v1/accounts/{id}/guard/trips': one('trading:read', 'account'),
  'get /api/v1/accounts/{id}/guard/trips/{trip_id}': one('trading:read', 'account', {
    ids: { id: 'account', trip_id: 'trip' },
  }),
  'get /api/v1/accounts/{id}/guard/backfill': one('trading:read', 'account'),
  'get /api/v1/daily-rule-presets': { may: 'trading:read' },
  // Nobody but its user brings facts into an account, whoever reads it.
  'post /api/v1/accounts/{id}/deals': one('trading:act', 'account', {
    body: () => ({
      deals: [
        {
          ...{ ticket: '1', position_id: '0', time: '2026-03-02T09:00:00Z', type: 'balance', entry: null },
          ...{ symbol: '', volume: '0', price: '0', commission: '0', swap: '0', profit: '1' },
        },
      ],
    }),
  }),
  'get /api/v1/orders': list('trading:read', 'signal'),
  'get /api/v1/positions': list('trading:read', 'account'),
  'get /api/v1/trades': list('trading:read', 'trade', { ids: { account: 'account' }, query: ['account'] }),
  'get /api/v1/trades/{id}': one('trading:read', 'trade'),
  'get /api/v1/performance': PERFORMANCE,
  'get /api/v1/performance/attribution': PERFORMANCE,
  'get /api/v1/reconciliation/runs': list('trading:read', 'account'),
  'post /api/v1/reconciliation/runs': {
    ...{ may: 'trading:act', ids: { account_id: 'account' }, stranger: 403, unknown: 404 },
    body: ({ account_id }) => ({ account_id }),
  },
  'get /api/v1/reconciliation/divergences': list('trading:read', undefined, {
    ids: { account: 'account' },
    query: ['account'],
  }),
  'get /api/v1/reconciliation/divergences/{id}': one('trading:read', 'divergence'),
  'post /api/v1/reconciliation/divergences/{id}/adopt': one('trading:act', 'divergence', judged),
  'post /api/v1/reconciliation/divergences/{id}/ignore': one('trading:act', 'divergence', judged),
  'post /api/v1/reconciliation/divergences/{id}/close': one('trading:act', 'divergence', judged),
  'get /api/v1/events/dead': { may: 'admin' },
  'get /api/v1/deployment': { may: 'admin' },
  'post /api/v1/deployment/halt': { may: 'admin', body: () => ({ reason: 'a fixture' }) },
  // After the halt, which it lifts again.
  'post /api/v1/deployment/resume': {
    may: 'admin',
    body: () => ({ reason: 'a fixture' }),
    ownerOnly: () => ({ body: { reason: 'of an admin' } }),
  },
  'post /api/v1/restore-epoch/raise': {
    // The last epoch, which no stack has come to: it is not the present one, and stays so.
    ...{ may: 'admin', unknown: 409, body: () => ({ expected_epoch: 255 }) },
    ownerOnly: () => ({ body: { expected_epoch: 0 } }),
  },
  'post /api/v1/restore-epoch/dismiss': {
    ...{ may: 'admin', ids: { account_id: 'account' }, stranger: 403, unknown: 404 },
    body: ({ account_id }) => ({ account_id, magic: '1', reason: 'a fixture' }),
    ownerOnly: () => ({ body: { account_id: NOBODY, magic: '1', reason: 'of an admin' } }),
  },
};

const MARKET: Record<string, Fixture> = {
  'get /api/v1/candles': {
    ...{ may: 'trading:read', ids: { account_id: 'account' }, query: ['account_id'] },
    ...{ stranger: 403, unknown: 404 },
    asking: 'instrument=EURUSD&timeframe=H1&from=2026-01-05T00:00:00Z&to=2026-01-05T02:00:00Z',
  },
  'get /api/v1/market/hours': {
    ...{ may: 'trading:read', ids: { account_id: 'account' }, query: ['account_id'] },
    ...{ stranger: 403, unknown: 404, asking: 'instrument=EURUSD' },
  },
  'post /api/v1/market/calendars': {
    may: 'admin',
    body: () => ({
      ...{ id: `fixture-${unique()}`, tz: 'UTC', day_start: '00:00' },
      weekly: [{ open: { dow: 1, hhmm: '00:00' }, close: { dow: 5, hhmm: '22:00' } }],
    }),
  },
  'post /api/v1/market/calendars/{id}/exceptions': {
    ...{ may: 'admin', unknown: 404 },
    body: () => ({ on: { date: '2026-12-25' }, label: 'N', kind: 'closed' }),
  },
  'post /api/v1/market/calendars/{id}/blocks': {
    ...{ may: 'admin', unknown: 404 },
    body: () => ({ from: '2026-12-25T10:00:00Z', to: '2026-12-25T11:00:00Z', label: 'N' }),
  },
  'post /api/v1/market/symbol-calendars': {
    may: 'admin',
    body: () => ({ broker_server: 'Fixture', symbol: 'EURUSD', calendar_id: null }),
  },
};

const OTHERS: Record<string, Fixture> = {
  'post /api/v1/charts': {
    ...{ may: 'charts', ids: { trade_id: 'trade' }, stranger: 403, unknown: 404 },
    body: ({ trade_id }) => ({
      kind: 'candlestick',
      source: trade_id === undefined ? { candles, instrument: 'EURUSD', timeframe: 'H1' } : { trade_id },
    }),
  },
  'get /api/v1/signals/{id}/chart': one('charts', 'signal'),
  'get /api/v1/trades/{id}/chart': one('charts', 'trade'),
  'delete /api/v1/charts/{digest}': {
    ...{ may: 'charts', ids: { digest: 'chart' }, stranger: 403, unknown: 404 },
  },
  'get /charts/{file}': { may: 404 },
  'get /.well-known/jwks.json': { may: 200 },
  'get /healthz': { may: 200 },
  'get /readyz': { may: 200 },
  'get /metrics': { may: 'metrics' },
};

/** Every operation, by method and path as the document has them. */
export const FIXTURES: Readonly<Record<string, Fixture>> = {
  ...SIGNALS,
  ...APPROVALS,
  ...PEOPLE,
  ...PARTIES,
  ...ALERTS,
  ...TRADING,
  ...MARKET,
  ...OTHERS,
};

export type Call = { method: string; target: string; body?: unknown };

/** The call of an operation with these ids; a path parameter that none of them names is `x`. */
export function callOf(operation: string, fixture: Fixture, ids: Ids): Call {
  const [method = '', path = ''] = operation.split(' ');
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'x');
  const named = (fixture.query ?? []).flatMap((name) =>
    ids[name] === undefined ? [] : [`${name}=${ids[name]}`],
  );
  const query = fixture.asking === undefined ? named : [fixture.asking, ...named];
  return {
    method: method.toUpperCase(),
    target: query.length === 0 ? filled : `${filled}?${query.join('&')}`,
    ...(fixture.body === undefined ? {} : { body: fixture.body(ids) }),
  };
}
