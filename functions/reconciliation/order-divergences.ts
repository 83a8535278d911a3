/**
 * What working and ended orders say of our commands: more than one of a command, later than it may work, ended or moved by
 * somebody else. Pure. Invariant: of several of one command the earliest is kept, so that every look keeps the same one.
 */
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { compare, plain } from '../platform/decimal.ts';
import type { Divergence, DivergenceCode } from './divergence-code.ts';
import type { Compared } from './divergences.ts';
import type { StoredCommand } from './stored-books.ts';

type Order = Snapshot['orders'][number];
/** Past the end that we gave it: the broker's own clock may lag that much. */
const LATE_AFTER_MS = 60_000;
const ENDS: Readonly<Record<string, DivergenceCode>> = {
  expired: 'PENDING_EXPIRED',
  canceled: 'PENDING_CANCELED_EXTERNAL',
  rejected: 'PENDING_REJECTED',
};

/** All of it; of a page of the history only what ended. */
export function orderDivergences(of: Compared): Divergence[] {
  const ended = of.snapshot.history_orders.flatMap((o) => ofEnded(of, o));
  if (!of.whole) return ended;
  const working = of.snapshot.orders.filter((o) => isPending(o.type));
  return [...ended, ...working.flatMap((o) => ofWorking(of, o)), ...duplicates(of)];
}

const isPending = (type: string): boolean => /_(limit|stop)$/.test(type);
const numberOf = (magic: string): bigint => BigInt(magic) >> 4n;
const entryOf = ({ books }: Compared, { magic, symbol }: { magic: string; symbol: string }) =>
  books.commands.find((c) => isEntry(c) && numberOf(c.magic) === numberOf(magic) && c.symbol === symbol) ??
  null;
const isEntry = ({ kind }: StoredCommand): boolean => kind === 'open' || kind === 'place';

/** An order of ours that ended with something unfilled, and not by a cancellation of ours. */
function ofEnded(of: Compared, o: Order): Divergence[] {
  const code = ENDS[o.state];
  const command = entryOf(of, o);
  const isKnown = of.books.endedOrders.has(`${o.ticket}/${o.state}`);
  if (code === undefined || command === null || isKnown || !isPending(o.type)) return [];
  const byUs = of.books.commands.some((c) => c.kind === 'cancel' && c.order.order_ticket === o.ticket);
  if (byUs && code === 'PENDING_CANCELED_EXTERNAL') return [];
  const evidence = { symbol: o.symbol, unfilled: plain(o.volume_current), command: command.id };
  return [{ code, brokerKey: o.ticket, evidence }];
}

function ofWorking(of: Compared, o: Order): Divergence[] {
  const command = entryOf(of, o);
  if (command === null) {
    const ours = BigInt(o.magic) >> 40n === BigInt(of.state.namespace);
    const evidence = { magic: o.magic, symbol: o.symbol, order_ticket: o.ticket };
    return ours ? [{ code: 'ORPHAN_OWN', brokerKey: o.ticket, evidence }] : [];
  }
  return [...moved(o, command), ...late(of, o, command)];
}

function moved(o: Order, { order }: StoredCommand): Divergence[] {
  const changes = {
    ...differs('price', order.price, o.price_open),
    ...differs('sl', order.stop_loss ?? null, o.sl),
    ...differs('tp', order.take_profit ?? null, o.tp),
  };
  const names = Object.entries(changes);
  if (names.length === 0) return [];
  const brokerKey = `${o.ticket}/${names.map(([name, value]) => `${name}=${value}`).join(',')}`;
  return [{ code: 'PENDING_MODIFIED', brokerKey, evidence: changes }];
}

/** What an older bridge leaves out is no difference. */
function differs(
  name: string,
  ours: string | null | undefined,
  theirs: string | null | undefined,
): Record<string, string> {
  if (theirs === undefined || ours === undefined) return {};
  const isSame = ours === null || theirs === null ? ours === theirs : compare(ours, theirs) === 0;
  return isSame ? {} : { [name]: theirs === null ? 'none' : plain(theirs) };
}

function late({ snapshot }: Compared, o: Order, { id, order }: StoredCommand): Divergence[] {
  if (order.expires_at === undefined) return [];
  const isLate = snapshot.captured_at > Date.parse(order.expires_at) + LATE_AFTER_MS;
  const evidence = { order_ticket: o.ticket, expires_at: order.expires_at, command: id };
  return isLate ? [{ code: 'LATE_PENDING', brokerKey: o.ticket, evidence }] : [];
}

type Trace = { ticket: string; kind: 'position' | 'order'; sinceMs: number };

/** Every order and position of a command but the earliest; what is filled of an order has its ticket, and is one with it. */
function duplicates(of: Compared): Divergence[] {
  const traces = new Map<StoredCommand, Trace[]>();
  const note = (row: { magic: string; symbol: string }, trace: Trace) => {
    const command = entryOf(of, row);
    if (command === null) return;
    const seen = traces.get(command) ?? [];
    if (!seen.some((t) => t.ticket === trace.ticket)) traces.set(command, [...seen, trace]);
  };
  for (const p of of.snapshot.positions) note(p, { ticket: p.identifier, kind: 'position', sinceMs: p.time });
  for (const o of of.snapshot.orders.filter(({ type }) => isPending(type)))
    note(o, { ticket: o.ticket, kind: 'order', sinceMs: o.time_setup });
  return [...traces].flatMap(([command, seen]) => {
    const [kept, ...more] = [...seen].sort((a, b) => a.sinceMs - b.sinceMs || compare(a.ticket, b.ticket));
    return more.map(({ ticket, kind }) => ({
      code: 'DUPLICATE_EXECUTION' as const,
      brokerKey: ticket,
      evidence: {
        ...{ command: command.id, kept: kept?.ticket ?? '', symbol: command.symbol },
        ...(kind === 'order' ? { order_ticket: ticket } : { position: ticket }),
      },
    }));
  });
}
