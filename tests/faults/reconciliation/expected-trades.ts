// The trades that a broker's own deals amount to, found by another way than ours: by following each position's volume from
// deal to deal in the order of its tickets. Nothing of functions/ is used.
import { Big } from 'big.js';
import type { Json } from '../../../infra/local/api-client.ts';

export type ExpectedTrade = {
  positionId: string;
  episode: number;
  side: string;
  status: 'open' | 'closed';
  volume: string;
  volumeOpen: string;
  exitReason: string | null;
  /** Tickets of the deals that closed something of it. */
  legs: string[];
  /** Of its opening deals, the first one first: where positions merge they may be several people's. */
  magics: string[];
  symbol: string;
};

const SERVICE = ['rollover', 'vmargin', 'split', 'corporate_action'];

/** A purchase or sale that opens or closes volume. */
export const movesVolume = (d: Json): boolean =>
  (d.type === 'buy' || d.type === 'sell') && d.entry !== null && !SERVICE.includes(d.reason);

/** Every life of every position. */
export function expectedTrades(deals: readonly Json[]): ExpectedTrade[] {
  const lives = new Map<string, (ExpectedTrade & { in: Big; left: Big })[]>();
  const byTicket = (a: Json, b: Json) => Number(BigInt(a.ticket) - BigInt(b.ticket));
  for (const d of deals.filter(movesVolume).toSorted(byTicket)) {
    const own = lives.get(d.position_id) ?? [];
    lives.set(d.position_id, own);
    const begin = (volume: Big) => {
      const at = {
        positionId: d.position_id,
        episode: own.length,
        side: d.type,
        magics: [d.magic],
        symbol: d.symbol,
      };
      const none = { status: 'open' as const, exitReason: null, legs: [], volume: '', volumeOpen: '' };
      own.push({ ...at, ...none, in: volume, left: volume });
    };
    const last = own.at(-1);
    if (d.entry === 'in') {
      if (last === undefined || last.status === 'closed') begin(new Big(d.volume));
      else {
        last.magics.push(d.magic);
        Object.assign(last, { in: last.in.plus(d.volume), left: last.left.plus(d.volume) });
      }
      continue;
    }
    if (last === undefined) throw new Error(`deal ${d.ticket} closes what no deal opened`);
    const rest = new Big(d.volume).minus(last.left);
    last.left = d.entry === 'inout' ? new Big(0) : last.left.minus(d.volume);
    last.legs.push(d.ticket);
    if (last.left.eq(0)) Object.assign(last, { status: 'closed', exitReason: d.reason });
    if (d.entry === 'inout') begin(rest);
  }
  return [...lives.values()].flat().map(({ in: volume, left, ...trade }) => ({
    ...trade,
    ...{ volume: volume.toFixed(), volumeOpen: left.toFixed() },
  }));
}
