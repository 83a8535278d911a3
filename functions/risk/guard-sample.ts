/** What a guard judges, of a snapshot that passed the gate. Pure. */
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import type { EquityLimit } from './daily-loss.ts';
import type { GuardSample } from './drawdown-guard.ts';

/** What the books say of the account at a snapshot. */
export type Booked = {
  /** All money of its deals and the flows among it, the snapshot's own included; plain decimals. */
  booked: string;
  flowed: string;
  /** The highest ticket of the deals of before. */
  bookedBefore: string | null;
  /** Of the magic numbers that are ours. */
  namespace: number;
  /** Positions whose trades are a bot's, whatever their magic says: a person adopted them, or the broker dropped it. */
  bots: ReadonlySet<string>;
};

/** `limits`: where the account's daily-loss rules stand. */
export function guardSample(
  s: Snapshot,
  { namespace, booked, flowed, bookedBefore, bots }: Booked,
  limits: readonly EquityLimit[],
): GuardSample {
  const ours = (magic: string): boolean => BigInt(magic) >> 40n === BigInt(namespace);
  return {
    atMs: s.captured_at,
    balance: s.account.balance,
    credit: s.account.credit,
    equity: s.account.equity,
    marginLevel: s.account.margin_level ?? null,
    marginStopOut: s.account.margin_so_so ?? null,
    positions: s.positions.map((p) => ({
      ...{ identifier: p.identifier, ticket: p.ticket, symbol: p.symbol, side: p.type, volume: p.volume },
      ...{
        profit: p.profit,
        swap: p.swap,
        priceCurrent: p.price_current,
        ours: ours(p.magic) || bots.has(p.identifier),
      },
    })),
    orders: s.orders.map((o) => ({ ticket: o.ticket, symbol: o.symbol, ours: ours(o.magic) })),
    quotes: Object.fromEntries(s.symbols.map((y) => [y.symbol, { bid: y.bid, ask: y.ask, timeMs: y.time }])),
    ...{ booked, flowed, bookedTo: highestTicket([...s.deals.map((d) => d.ticket), bookedBefore ?? '0']) },
    limits: [...limits],
    bridge: s.guard ?? null,
  };
}

/** Tickets are numbers that no float holds; null: there is none. */
function highestTicket(tickets: readonly string[]): string | null {
  const highest = tickets.reduce((most, t) => (BigInt(t) > most ? BigInt(t) : most), 0n);
  return highest === 0n ? null : String(highest);
}
