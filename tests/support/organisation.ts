/** People, producers, bridges, accounts and signals for the tests, made through the stores in the runtime's role. */
import {
  type Approval,
  insertApproval,
  readDecisionContext,
} from '../../functions/approvals/approval-store.ts';
import { termsDigest } from '../../functions/approvals/approval-terms.ts';
import { insertConsent } from '../../functions/approvals/consent-store.ts';
import { signalTerms } from '../../functions/approvals/signal-terms.ts';
import { insertAccount } from '../../functions/execution/account-store.ts';
import { insertBridge } from '../../functions/identity/bridge-store.ts';
import { putInstrument } from '../../functions/identity/instrument-store.ts';
import { insertProducer } from '../../functions/identity/producer-store.ts';
import type { Role } from '../../functions/identity/scope.ts';
import { insertUser } from '../../functions/identity/user-store.ts';
import type { AuditEntry } from '../../functions/platform/audit.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import { need } from '../../functions/platform/config.ts';
import { seal } from '../../functions/platform/secret-box.ts';
import { ingestSignal, type NewSignal } from '../../functions/signals/ingest-store.ts';
import type { SignalBody } from '../../functions/signals/signal-body.ts';
import type { TestDatabase } from './test-database.ts';
import type { TestDeps } from './test-deps.ts';

export type Stage = { t: TestDatabase; deps: TestDeps };

/** The audit row of a change that a test makes. */
export const auditOf = (deps: TestDeps, subjectId: string, action = 'test'): AuditEntry => ({
  id: deps.ids.next(),
  nowMs: deps.clock.nowMs(),
  actorKind: 'system',
  actorId: null,
  action,
  subjectKind: 'test',
  subjectId,
  detail: {},
  requestId: 'test',
});

let users = 0;

/** A user; every one has another address. */
export async function makeUser({ deps }: Stage, role: Role = 'user'): Promise<string> {
  const id = deps.ids.next();
  users += 1;
  const user = {
    id,
    email: `u${users}-${process.pid}@example.test`,
    name: 'A user',
    role,
    createdMs: deps.clock.nowMs(),
  };
  const made = await insertUser(deps.db, { ...user, disabled: false, maxBridges: null }, auditOf(deps, id));
  if (made.kind !== 'created') throw new Error('a test user could not be made');
  return id;
}

export type MadeProducer = { id: string; ownerId: string; secret: Uint8Array<ArrayBuffer> };

/** A producer of XAUUSD and EURUSD with one secret, version 1. */
export async function makeProducer(
  { deps }: Stage,
  ownerId: string,
  given: { dedupScope?: string; dedupWindowSeconds?: number; maxAgeSeconds?: number } = {},
): Promise<MadeProducer> {
  const id = deps.ids.next();
  const secret = deps.ids.randomBytes(32);
  const place = { table: 'producer_secrets', row: id, version: 1 };
  const sealed = await seal(need(deps.config, 'PRODUCER_KEYS'), place, secret, deps.ids.randomBytes(12));
  const producer = {
    id,
    ownerId,
    name: 'A producer',
    instruments: ['XAUUSD', 'EURUSD'],
    dedupScope: id,
    dedupWindowSeconds: 300,
    maxAgeSeconds: 900,
    ratePerMinute: 600,
    createdMs: deps.clock.nowMs(),
    revoked: false,
    ...given,
  };
  for (const symbol of producer.instruments)
    await putInstrument(
      deps.db,
      { symbol, digits: 2, enabled: true },
      deps.clock.nowMs(),
      auditOf(deps, symbol),
    );
  await insertProducer(deps.db, producer, { ...sealed, version: 1 }, auditOf(deps, id));
  return { id, ownerId, secret };
}

export type MadeBridge = { id: string; secret: Uint8Array<ArrayBuffer> };

/** A bridge with one secret, version 1. */
export async function makeBridge({ deps }: Stage, ownerId: string): Promise<MadeBridge> {
  const id = deps.ids.next();
  const secret = deps.ids.randomBytes(32);
  const place = { table: 'bridge_secrets', row: id, version: 1 };
  const sealed = await seal(need(deps.config, 'BRIDGE_KEYS'), place, secret, deps.ids.randomBytes(12));
  const url = 'http://127.0.0.1:9/bridge';
  const bridge = { id, ownerId, name: 'A bridge', url, createdMs: deps.clock.nowMs(), revoked: false };
  if (!(await insertBridge(deps.db, bridge, { ...sealed, version: 1 }, 1_000, auditOf(deps, id))))
    throw new Error('a test bridge could not be made');
  return { id, secret };
}

let logins = 1000;

/** What a broker says of gold, as a bridge states it. */
export const SPECIFICATION = {
  ...{ digits: 2, point: '0.01', tick_size: '0.01', tick_value_loss: '1', stops_level: 20, freeze_level: 0 },
  ...{ volume_min: '0.01', volume_max: '100', volume_step: '0.01', volume_limit: '0', spread: 20 },
  ...{ trade_mode: 'full', filling_modes: ['fok', 'ioc'], bid: '2034.90', ask: '2035.10' },
  ...{ expiration_modes: ['gtc', 'day', 'specified', 'specified_day'], margin_per_lot: '2035' },
};

/** An account that follows the producers: bound to a login of its own and trading, unless told otherwise. */
export async function makeAccount(
  { t, deps }: Stage,
  of: { userId: string; bridgeId: string; producerIds: string[]; orderVolume?: string; fresh?: boolean },
): Promise<{ id: string; login: string }> {
  const id = deps.ids.next();
  const row = { id, name: 'An account', orderVolume: '0.10', ...of };
  const made = await insertAccount(deps.db, row, deps.clock.nowMs(), auditOf(deps, id));
  if (made.kind !== 'created') throw new Error(`a test account could not be made: ${made.kind}`);
  logins += 1;
  const login = String(logins);
  if (of.fresh !== true)
    await t.sql(
      `UPDATE accounts SET halted = false, server = 'Demo-1', login = $2, currency = 'USD', margin_mode = 'hedging',
         trade_mode = 'demo', bound_at = $3, snapshot_at = $3, trusted_at = $3 WHERE id = $1`,
      [id, login, isoTime(deps.clock.nowMs())],
    );
  if (of.fresh !== true)
    for (const symbol of ['XAUUSD', 'EURUSD'])
      await t.sql(`INSERT INTO account_symbols VALUES ($1, $2, $3, 0, 0, $4)`, [
        ...[
          id,
          symbol,
          JSON.stringify({ ...SPECIFICATION, symbol, quoted_at: isoTime(deps.clock.nowMs()) }),
          isoTime(deps.clock.nowMs()),
        ],
      ]);
  return { id, login };
}

/** A sound snapshot came at this moment, of markets that are always open and have just moved. */
export async function freshMarkets({ t, deps }: Stage): Promise<void> {
  const at = isoTime(deps.clock.nowMs());
  await t.sql('UPDATE accounts SET snapshot_at = $1', [at]);
  await t.sql(
    `UPDATE account_symbols SET snapshot_at = $1, spec = spec || jsonb_build_object('quoted_at', $2::text)`,
    [at, at],
  );
  await t.sql(
    `INSERT INTO symbol_calendars SELECT '*', symbol, 'override', 'crypto', $1 FROM instruments ON CONFLICT DO NOTHING`,
    [at],
  );
}

/** Publishes a consent text; returns its version. */
export async function publishConsent({ deps }: Stage, createdBy: string): Promise<number> {
  const consent = { text: 'I agree.', sha256: 'hash', createdBy, nowMs: deps.clock.nowMs() };
  const version = await insertConsent(deps.db, consent, auditOf(deps, createdBy));
  if (version === null) throw new Error('a test consent could not be published');
  return version;
}

let macs = 0;

/** A signal as the endpoint would hand it to the store: a market buy of XAUUSD, different from every other. */
export function newSignal(
  { deps }: Stage,
  producerId: string,
  body: Partial<SignalBody> = {},
  row: Partial<NewSignal> = {},
): NewSignal {
  const nowMs = deps.clock.nowMs();
  macs += 1;
  return {
    id: deps.ids.next(),
    auditId: deps.ids.next(),
    eventId: deps.ids.next(),
    producerId,
    secretVersion: 1,
    mac: `mac-${process.pid}-${macs}`,
    contentSha256: 'content',
    receivedMs: nowMs,
    requestId: 'test',
    ...row,
    body: {
      instrument: 'XAUUSD',
      side: 'buy',
      intent: 'open',
      order_type: 'market',
      price: '2035.10',
      version: '1',
      schema: 1,
      timeMs: nowMs,
      timeGiven: false,
      expiresMs: nowMs + 4 * 3_600_000,
      orderExpiresMs: null,
      content: {},
      ...body,
    },
  };
}

/** Stores a signal that stands in nobody's way; returns its id and its event's. */
export async function storeSignal(
  stage: Stage,
  producerId: string,
  body: Partial<SignalBody> = {},
): Promise<{ id: string; eventId: string }> {
  const signal = newSignal(stage, producerId, { external_id: `x${macs}`, ...body });
  const outcome = await ingestSignal(stage.deps.db, signal);
  if (outcome.kind !== 'created') throw new Error(`a test signal was not stored: ${outcome.kind}`);
  return { id: signal.id, eventId: signal.eventId };
}

/** A decision of a user on a signal, with the terms that the endpoint would have shown. */
export async function decisionOf(
  { deps }: Stage,
  signalId: string,
  userId: string,
  given: Partial<Approval> = {},
): Promise<Approval> {
  const context = await readDecisionContext(deps.db, signalId, userId);
  const account = context?.accounts[0];
  if (!context?.consent) throw new Error('there is nothing to decide');
  const approves = (given.decision ?? 'approved') === 'approved';
  const terms = approves && account ? signalTerms(context, account, context.consent.version) : null;
  return {
    id: deps.ids.next(),
    signalId,
    userId,
    decision: 'approved',
    accountId: terms === null ? null : (account?.id ?? null),
    channel: 'token',
    consentVersion: context.consent.version,
    consentSha256: context.consent.sha256,
    terms: terms ?? {},
    termsSha256: terms === null ? 'hash' : await termsDigest(terms),
    termsShown: false,
    reason: null,
    createdMs: deps.clock.nowMs(),
    ...given,
  };
}

export const CLIENT = { address: '192.0.2.1', userAgent: 'tests' };

/** Approves a signal for a user's only account; returns the decision and its event's id. */
export async function approveSignal(
  stage: Stage,
  signalId: string,
  userId: string,
): Promise<{ approval: Approval; eventId: string }> {
  const { deps } = stage;
  const approval = await decisionOf(stage, signalId, userId);
  const eventId = deps.ids.next();
  if (!(await insertApproval(deps.db, approval, CLIENT, eventId, auditOf(deps, signalId))))
    throw new Error('a test signal could not be approved');
  return { approval, eventId };
}

/** An owner with a producer, a bridge and a trading account that follows it, and a consent text. */
export async function makeDesk(stage: Stage) {
  const userId = await makeUser(stage, 'owner');
  const producer = await makeProducer(stage, userId);
  const bridge = await makeBridge(stage, userId);
  const account = await makeAccount(stage, { userId, bridgeId: bridge.id, producerIds: [producer.id] });
  const consentVersion = await publishConsent(stage, userId);
  return { userId, producer, bridge, account, consentVersion };
}
