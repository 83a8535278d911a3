import { createRoute, z } from '@hono/zod-openapi';
import { bearer, body, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { auditEntry } from './audit-entry.ts';
import { requireCaller } from './caller.ts';
import { type InstrumentOutcome, putInstrument } from './instrument-store.ts';

export const instrumentSchema = z
  .strictObject({
    symbol: z.string().regex(/^[A-Z0-9_.]{2,20}$/, 'must be 2 to 20 of A-Z, 0-9, _ and .'),
    digits: z.number().int().min(0).max(8),
    enabled: z.boolean().default(true),
  })
  .openapi('Instrument');

const route = createRoute({
  method: 'post',
  path: '/api/v1/instruments',
  tags: ['identity'],
  summary: 'Add an instrument, or change a known one',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { body: body(instrumentSchema) },
  responses: { 201: json(instrumentSchema, 'The instrument'), ...problems(400, 403, 409, 415, 422) },
});

/** `POST /api/v1/instruments` */
export const postInstrument = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const instrument = c.req.valid('json');
  const audit = auditEntry(c, c.var.caller, {
    action: 'instrument.put',
    subjectKind: 'instrument',
    subjectId: instrument.symbol,
    detail: { digits: instrument.digits, enabled: instrument.enabled },
  });
  const outcome = await putInstrument(db, instrument, clock.nowMs(), audit);
  if (outcome.kind === 'symbol-taken') throw symbolTaken(instrument.symbol, outcome);
  return c.json(instrument, 201);
});

/** The account alone knows which of the two its broker means: its own user says so, and then this may be asked again. */
const symbolTaken = (
  symbol: string,
  { accountId, accountName, takenFor }: Extract<InstrumentOutcome, { kind: 'symbol-taken' }>,
) =>
  problem('conflict', {
    detail: `the account ${accountName} trades ${takenFor} as ${symbol} at its broker: its user has to say in symbols what the broker calls ${symbol} itself, or to map ${takenFor} to another symbol, before ${symbol} can be enabled`,
    account_id: accountId,
    instrument: takenFor,
  });
