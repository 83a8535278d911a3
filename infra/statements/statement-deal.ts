import type { Deal } from '../../functions/ledger/trade-projection.ts';

/** A deal as a statement tells it: on the server's clock, and from its line. */
export type StatementDeal = Omit<Deal, 'timeMs'> & {
  line: number;
  /** The server's wall clock as if it were UTC. */
  wallMs: number;
};
export type MarginMode = 'hedging' | 'netting';

/** A deal of which nothing is known but its ticket and its moment. */
export const bareDeal = (line: number, ticket: string, wallMs: number): StatementDeal => ({
  ...{ line, ticket, wallMs, orderTicket: '0', positionId: '0', type: '', entry: null, magic: '0' },
  ...{ reason: 'client', symbol: '', volume: '0', price: '0', commission: '0', swap: '0', profit: '0' },
  ...{ fee: '0', comment: '', externalId: '' },
});

/** Oldest first; those of one moment by ticket, which servers count upwards. */
export const inServerOrder = <T extends Pick<StatementDeal, 'wallMs' | 'ticket'>>(deals: readonly T[]): T[] =>
  [...deals].sort((a, b) => a.wallMs - b.wallMs || Number(BigInt(a.ticket) - BigInt(b.ticket)));
