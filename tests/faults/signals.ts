// Signals sent to a stack as a producer sends them, what was acknowledged, and what the database says of it.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Json } from '../../infra/local/api-client.ts';
import { signRequest } from '../../infra/local/sign-request.ts';
import type { DevFile } from '../../infra/local/stack.ts';

const PATH = '/api/v1/signals';

export type Answer = { status: number; headers: Headers; body: Json; externalId: string; tookMs: number };

/** Sends one signal that no other is like. Throws where no answer comes. */
export async function sendSignal(
  dev: Pick<DevFile, 'base_url' | 'producer'>,
  fields: Record<string, unknown> = {},
): Promise<Answer> {
  const externalId = randomUUID();
  const body = JSON.stringify({
    instrument: 'EURUSD',
    side: 'buy',
    price: '1.1',
    external_id: externalId,
    ...fields,
  });
  const startedMs = performance.now();
  const answer = await fetch(`${dev.base_url}${PATH}`, {
    method: 'POST',
    headers: signRequest(dev.producer, 'POST', PATH, body),
    body,
  });
  const text = await answer.text();
  const tookMs = performance.now() - startedMs;
  return { status: answer.status, headers: answer.headers, body: JSON.parse(text), externalId, tookMs };
}

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
