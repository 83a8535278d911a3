// Signals sent to a stack as a producer sends them, what was acknowledged, and what the database says of it.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Json } from '../../infra/local/api-client.ts';
import { signRequest } from '../../infra/local/sign-request.ts';
import type { DevFile } from '../../infra/local/stack.ts';

const PATH = '/api/v1/signals';

export type Answer = { status: number; headers: Headers; body: Json; externalId: string; tookMs: number };

export type SignedSignal = { externalId: string; body: string; headers: Record<string, string> };

/** A signal that no other is like, signed now. */
export function signedSignal(
  producer: DevFile['producer'],
  fields: Record<string, unknown> = {},
): SignedSignal {
  const externalId = randomUUID();
  const signal = { instrument: 'EURUSD', side: 'buy', price: '1.1', external_id: externalId, ...fields };
  return signedAgain(producer, { externalId, body: JSON.stringify(signal) });
}

/** The same body under a signature of its own. */
export const signedAgain = (
  producer: DevFile['producer'],
  { externalId, body }: Pick<SignedSignal, 'externalId' | 'body'>,
): SignedSignal => ({ externalId, body, headers: signRequest(producer, 'POST', PATH, body) });

/** Posts it as it is. Throws where no answer comes, at the latest when `signal` says so. */
export async function postSigned(
  baseUrl: string,
  { externalId, body, headers }: SignedSignal,
  signal?: AbortSignal,
): Promise<Answer> {
  const startedMs = performance.now();
  const answer = await fetch(`${baseUrl}${PATH}`, {
    method: 'POST',
    headers,
    body,
    ...(signal ? { signal } : {}),
  });
  const text = await answer.text();
  const tookMs = performance.now() - startedMs;
  return { status: answer.status, headers: answer.headers, body: JSON.parse(text), externalId, tookMs };
}

/** Sends one signal that no other is like. Throws where no answer comes. */
export const sendSignal = (
  dev: Pick<DevFile, 'base_url' | 'producer'>,
  fields: Record<string, unknown> = {},
): Promise<Answer> => postSigned(dev.base_url, signedSignal(dev.producer, fields));

/** What the database holds of one acknowledged signal, each counted. */
export type Trace = { id: string; signals: number; deliveries: number; audits: number; events: number };

/** Counts, for each id, the signal's rows and all that stands or falls with it. */
export async function tracesOf(databaseUrl: string, ids: readonly string[]): Promise<Trace[]> {
  return query(
    databaseUrl,
    `SELECT id::text,
       (SELECT count(*)::int FROM signals s WHERE s.id = a.id) AS signals,
       (SELECT count(*)::int FROM deliveries d WHERE d.signal_id = a.id) AS deliveries,
       (SELECT count(*)::int FROM audit_log l WHERE l.subject_id = a.id::text
          AND l.action = 'signal.create') AS audits,
       (SELECT count(*)::int FROM outbox o WHERE o.topic = 'signal.created'
          AND o.payload->>'signal_id' = a.id::text) AS events
     FROM unnest($1::uuid[]) AS a(id)`,
    [ids],
  );
}

/** What a whole acknowledged signal looks like. */
export const whole = (id: string): Trace => ({ id, signals: 1, deliveries: 1, audits: 1, events: 1 });

/** What is stored of all signals at one moment, each number a count of signals but `strays`. */
export type Standing = {
  signals: number;
  /** Without exactly one owner's delivery, one audit row and one event. */
  halves: number;
  /** Whose event is done although a follower has no delivery. */
  skipped: number;
  /** Stored beside another of the same `external_id`. */
  twice: number;
  /** Audit rows and events of signals that are not there. */
  strays: number;
  /** Whose event is done, the deliveries of all followers with it. */
  delivered: number;
  /** Whose event the queue lost or was too slow with, so that the sweep sent it again. */
  swept: number;
};

/** Reads it in one statement, so that a load meanwhile does not blur it. */
export async function standingOf(databaseUrl: string): Promise<Standing> {
  const [standing] = await query<Standing>(
    databaseUrl,
    `WITH s AS (SELECT id::text, user_id, producer_id, external_id FROM signals),
     d AS (SELECT d.signal_id::text AS id, count(*) AS n, count(*) FILTER (WHERE d.user_id = s.user_id) AS own
       FROM deliveries d JOIN s ON s.id = d.signal_id::text GROUP BY 1),
     l AS (SELECT subject_id AS id, count(*) AS n FROM audit_log WHERE action = 'signal.create' GROUP BY 1),
     e AS (SELECT payload->>'signal_id' AS id, count(*) AS n, count(done_at) AS done, max(attempts) AS attempts
       FROM outbox WHERE topic = 'signal.created' GROUP BY 1),
     f AS (SELECT producer_id, count(*) AS n FROM subscriptions GROUP BY 1)
     SELECT count(*)::int AS signals,
       count(*) FILTER (WHERE (d.own, l.n, e.n) IS DISTINCT FROM (1, 1, 1))::int AS halves,
       count(*) FILTER (WHERE e.done > 0 AND d.n IS DISTINCT FROM 1 + coalesce(f.n, 0))::int AS skipped,
       (count(*) - count(DISTINCT external_id))::int AS twice,
       ((SELECT count(*) FROM l WHERE NOT EXISTS (SELECT 1 FROM s WHERE s.id = l.id))
         + (SELECT count(*) FROM e WHERE NOT EXISTS (SELECT 1 FROM s WHERE s.id = e.id)))::int AS strays,
       count(*) FILTER (WHERE e.done = 1 AND d.n = 1 + coalesce(f.n, 0))::int AS delivered,
       count(*) FILTER (WHERE e.attempts > 0)::int AS swept
     FROM s LEFT JOIN d USING (id) LEFT JOIN l USING (id) LEFT JOIN e USING (id) LEFT JOIN f USING (producer_id)`,
  );
  if (standing === undefined) throw new Error('a count without a row');
  return standing;
}

/** Those of the acknowledged signals, ids by `external_id`, that are not stored under just this id. */
export async function lostOf(
  databaseUrl: string,
  acknowledged: ReadonlyMap<string, string>,
): Promise<string[]> {
  const rows = await query<{ id: string }>(
    databaseUrl,
    `SELECT a.id::text FROM unnest($1::uuid[], $2::text[]) AS a(id, external_id)
     WHERE NOT EXISTS (SELECT 1 FROM signals s WHERE s.id = a.id AND s.external_id = a.external_id)`,
    [[...acknowledged.values()], [...acknowledged.keys()]],
  );
  return rows.map((r) => r.id);
}

/** Rows of one statement over a connection of its own, in the runtime's role. */
export async function query<Row extends object>(
  databaseUrl: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}
