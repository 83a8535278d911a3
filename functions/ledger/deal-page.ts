/**
 * Deals as somebody sends them who imports a history: the broker's own words, as a bridge sends them too, and nothing left
 * out that moves money. Pure.
 */
import { z } from '@hono/zod-openapi';
import { timestampMs } from '../platform/clock.ts';
import { Big, plain } from '../platform/decimal.ts';
import { type Fault, jsonPointer } from '../platform/problem.ts';
import { isTradeDeal } from './deal-class.ts';
import type { Deal } from './trade-projection.ts';

export const MAX_DEALS = 5_000;
/** Of a wrong page the first faults tell enough. */
const MAX_FAULTS = 100;

const decimal = z.string().regex(/^-?(?:0|[1-9]\d{0,11})(?:\.\d{1,8})?$/, 'must be a plain decimal');
const ticket = z.string().regex(/^(?:0|[1-9]\d{0,19})$/, 'must be a ticket');
const name = z.string().max(100);

const deal = z
  .strictObject({
    ticket: ticket.refine((t) => t !== '0', 'must be a ticket'),
    order: ticket.default('0'),
    position_id: ticket.openapi({ description: '0: of no position, as money of the account is' }),
    time: z.iso.datetime({ offset: true }),
    type: name.min(1).openapi({ example: 'buy' }),
    entry: z.enum(['in', 'out', 'inout', 'out_by']).nullable(),
    magic: z
      .string()
      .regex(/^-?\d{1,18}$/)
      .default('0'),
    reason: name.default('client'),
    symbol: name,
    volume: decimal,
    price: decimal,
    commission: decimal,
    swap: decimal,
    profit: decimal,
    fee: decimal.default('0'),
    comment: name.default(''),
    external_id: name.default(''),
  })
  .openapi('ImportedDeal');

export const dealPageSchema = z.strictObject({
  deals: z.array(deal).min(1).max(MAX_DEALS),
  dry_run: z.boolean().default(false).openapi({
    description:
      'says what would come of it, and stores nothing: to look at all pages before the first is stored',
  }),
});

export type DealPage =
  | { kind: 'deals'; deals: Deal[]; dryRun: boolean }
  | { kind: 'faults'; faults: Fault[] };

/** The deals of a body, or what is wrong with it. No ticket stands in it twice. */
export function dealPage(body: unknown): DealPage {
  const read = dealPageSchema.safeParse(body);
  if (!read.success) {
    const faults = read.error.issues.flatMap((i) =>
      i.code === 'unrecognized_keys'
        ? i.keys.map((k) => ({ pointer: jsonPointer([...i.path, k]), detail: 'is not a known member' }))
        : [{ pointer: jsonPointer(i.path), detail: i.message }],
    );
    return { kind: 'faults', faults: faults.slice(0, MAX_FAULTS) };
  }
  const deals = read.data.deals.map(dealOf);
  const faults = [...twice(deals), ...deals.flatMap(tradeFaults)];
  return faults.length > 0
    ? { kind: 'faults', faults: faults.slice(0, MAX_FAULTS) }
    : { kind: 'deals', deals, dryRun: read.data.dry_run };
}

const dealOf = (d: z.output<typeof deal>): Deal => ({
  ticket: d.ticket,
  orderTicket: d.order,
  positionId: d.position_id,
  timeMs: timestampMs(d.time),
  type: d.type,
  entry: d.entry,
  magic: d.magic,
  reason: d.reason,
  symbol: d.symbol,
  volume: plain(d.volume),
  price: plain(d.price),
  commission: plain(d.commission),
  swap: plain(d.swap),
  profit: plain(d.profit),
  fee: plain(d.fee),
  comment: d.comment,
  externalId: d.external_id,
});

function twice(deals: readonly Deal[]): Fault[] {
  const seen = new Set<string>();
  return deals.flatMap((d, i) => {
    if (seen.has(d.ticket)) return [{ pointer: `/deals/${i}/ticket`, detail: 'stands twice' }];
    seen.add(d.ticket);
    return [];
  });
}

/** What moves volume belongs to a position, and moves some. */
function tradeFaults(d: Deal, i: number): Fault[] {
  if (!isTradeDeal(d)) return [];
  const fault = (member: string, detail: string) => ({ pointer: `/deals/${i}/${member}`, detail });
  return [
    ...(d.positionId === '0' ? [fault('position_id', 'is missing')] : []),
    ...(d.symbol === '' ? [fault('symbol', 'is missing')] : []),
    ...(new Big(d.volume).gt(0) ? [] : [fault('volume', 'must be above zero')]),
    ...(new Big(d.price).gt(0) ? [] : [fault('price', 'must be above zero')]),
  ];
}
