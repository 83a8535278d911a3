/**
 * The organisation of an embedded stack, made through the public API alone: four people with a token each, a producer,
 * a simulated broker account behind its bridge, bound and resumed.
 */
import { apiClient, type Json } from './api-client.ts';

export type DemoOrganisation = {
  tokens: { owner: string; admin: string; user: string; other: string };
  producer: { id: string; secret: string; tradingview_url: string | null };
  account: { id: string; login: string };
  bridge: { id: string; secret: string; url: string };
};

const INSTRUMENTS = [
  ['EURUSD', 5],
  ['GBPUSD', 5],
  ['USDJPY', 3],
  ['XAUUSD', 2],
  ['XAGUSD', 3],
  ['BTCUSD', 2],
] as const;
const LOGIN = '50001234';
/** The simulated broker trades its symbols always, unless it is told to keep sessions. */
const ALWAYS_OPEN = {
  id: 'simulated-broker',
  tz: 'UTC',
  day_start: '00:00',
  weekly: [{ open: { dow: 0, hhmm: '00:00' }, close: { dow: 0, hhmm: '00:00' } }],
};
const CONSENT = [
  'I approve that Countersign sends this one order to my trading account, within the volume, price band and deadline',
  'shown to me. Trading leveraged products can lose more than my stake. I may halt my account at any time.',
].join(' ');

async function control(brokerUrl: string, path: string, body: unknown): Promise<void> {
  const answer = await fetch(`${brokerUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`the broker refused ${path}: ${await answer.text()}`);
}

/** Makes it all. `ownerToken` is the first owner's. */
export async function makeDemoOrganisation(
  baseUrl: string,
  brokerUrl: string,
  ownerToken: string,
): Promise<DemoOrganisation> {
  const owner = apiClient(baseUrl, ownerToken);
  for (const [symbol, digits] of INSTRUMENTS) await owner.post('/api/v1/instruments', { symbol, digits });
  await owner.post('/api/v1/consents', { text: CONSENT });
  const person = async (name: string, role: string) => {
    const user: Json = await owner.post('/api/v1/users', { email: `${name}@demo.example`, name, role });
    const token: Json = await owner.post('/api/v1/tokens', {
      name: 'demo',
      user_id: user.id,
      expires_in_days: 400,
    });
    return { id: String(user.id), token: String(token.token) };
  };
  const admin = await person('admin', 'admin');
  const user = await person('user', 'user');
  const other = await person('other', 'user');
  const producer: Json = await owner.post('/api/v1/producers', {
    name: 'Demo strategy',
    owner_id: user.id,
    instruments: INSTRUMENTS.map(([symbol]) => symbol),
    rate_per_minute: 100_000,
  });
  const tradingviewUrl = await makeHook(baseUrl, ownerToken, producer.id);
  const { account, bridge } = await makeAccount(baseUrl, brokerUrl, user.token, admin.token, producer.id);
  return {
    tokens: { owner: ownerToken, admin: admin.token, user: user.token, other: other.token },
    producer: { id: producer.id, secret: producer.secret, tradingview_url: tradingviewUrl },
    account,
    bridge,
  };
}

/**
 * States as an administrator would that the simulated broker's market is always open, for what does not say so yet: a
 * stack whose data is from before gets it at its next start. In force from now on, so that windows of candles that end
 * before keep the sessions in which the broker's history was made.
 */
export async function openSimulatedMarket(baseUrl: string, adminToken: string, accountId: string) {
  const admin = apiClient(baseUrl, adminToken);
  const idOf = async (symbol: string): Promise<unknown> =>
    (await admin.get(`/api/v1/market/hours?instrument=${symbol}&account_id=${accountId}`)).calendar?.id;
  const symbols = INSTRUMENTS.map(([symbol]) => symbol);
  const ids = await Promise.all(symbols.map(idOf));
  const lacking = symbols.filter((_, i) => ids[i] !== ALWAYS_OPEN.id);
  if (lacking.length === 0) return;
  await admin.post('/api/v1/market/calendars', ALWAYS_OPEN);
  for (const symbol of lacking)
    await admin.post('/api/v1/market/symbol-calendars', {
      // Whatever server an account of this stack names, the simulated broker is behind it.
      ...{ broker_server: '*', symbol, calendar_id: ALWAYS_OPEN.id },
    });
}

/** A TradingView hook for a producer; returns its address, which is shown this once. */
export async function makeHook(baseUrl: string, ownerToken: string, producerId: string): Promise<string> {
  const made: Json = await apiClient(baseUrl, ownerToken).post(
    `/api/v1/producers/${producerId}/hook/rotate`,
    {},
  );
  return made.url;
}

async function makeAccount(
  baseUrl: string,
  brokerUrl: string,
  userToken: string,
  adminToken: string,
  producerId: string,
): Promise<Pick<DemoOrganisation, 'account' | 'bridge'>> {
  const user = apiClient(baseUrl, userToken);
  await control(brokerUrl, '/accounts', {
    login: LOGIN,
    server: 'Countersign-Demo',
    currency: 'USD',
    margin_mode: 'hedging',
    balance: '10000',
  });
  const url = `${brokerUrl}/bridge/${LOGIN}`;
  const bridge: Json = await user.post('/api/v1/bridges', { name: 'Simulated MT5', url });
  await control(brokerUrl, '/bridges', { bridge_id: bridge.id, secret: bridge.secret, login: LOGIN });
  const account: Json = await user.post('/api/v1/accounts', {
    name: 'Demo account',
    bridge_id: bridge.id,
    order_volume: '0.10',
    producer_ids: [producerId],
  });
  const run: Json = await user.post('/api/v1/reconciliation/runs', { account_id: account.id });
  const bound: Json = await user.get('/api/v1/accounts');
  if (bound.items[0]?.login !== LOGIN) throw new Error(`the demo account was not bound: ${run.outcome}`);
  await apiClient(baseUrl, adminToken).post(`/api/v1/accounts/${account.id}/resume`, {});
  return {
    account: { id: account.id, login: LOGIN },
    bridge: { id: bridge.id, secret: bridge.secret, url },
  };
}
