/**
 * What a broker says of a symbol, as the account's last valid snapshot stated it (domain 1.1). A point is the last
 * digit of a price, a tick the smallest step of one: they differ on indices and futures and are never taken for each
 * other. What an older bridge leaves out is null, and what needs it is refused by name.
 */
import { z } from 'zod';

export const TRADE_MODES = ['disabled', 'long_only', 'short_only', 'close_only', 'full'] as const;

/** A row of `account_symbols.spec`: the members of the bridge's own row that orders depend on. */
const stored = z.object({
  point: z.string(),
  tick_size: z.string().nullish(),
  tick_value_loss: z.string().nullish(),
  volume_min: z.string(),
  volume_max: z.string(),
  volume_step: z.string(),
  volume_limit: z.string().nullish(),
  stops_level: z.number().nullish(),
  spread: z.number().nullish(),
  trade_mode: z.enum(TRADE_MODES).nullish(),
  expiration_modes: z.array(z.string()).nullish(),
  margin_per_lot: z.string().nullish(),
  bid: z.string(),
  ask: z.string(),
  quoted_at: z.iso.datetime().nullish(),
});

export type SymbolSpecification = {
  point: string;
  tickSize: string | null;
  /** Money of one tick on a losing position of one lot, in the account's currency. */
  tickValueLoss: string | null;
  volumeMin: string;
  volumeMax: string;
  volumeStep: string;
  /** Most lots open and pending on one side; null: no limit. */
  volumeLimit: string | null;
  /** Points that stops and pending prices keep from the market. */
  stopsLevel: number;
  spreadPoints: number | null;
  tradeMode: (typeof TRADE_MODES)[number];
  /** How orders may end; null: not said. */
  expirationModes: readonly string[] | null;
  marginPerLot: string | null;
  bid: string;
  ask: string;
  /** When the quote was the market's last, on the clock of the snapshots; null: not said. */
  quotedMs: number | null;
};

/** The specification of a stored row; null where there is none or it is none. MT5 writes 0 for "no limit". */
export function symbolSpecification(row: unknown): SymbolSpecification | null {
  const parsed = stored.safeParse(row);
  if (!parsed.success) return null;
  const s = parsed.data;
  const unlimited = s.volume_limit == null || Number(s.volume_limit) === 0;
  return {
    point: s.point,
    tickSize: s.tick_size ?? null,
    tickValueLoss: s.tick_value_loss ?? null,
    volumeMin: s.volume_min,
    volumeMax: s.volume_max,
    volumeStep: s.volume_step,
    volumeLimit: unlimited ? null : (s.volume_limit ?? null),
    stopsLevel: s.stops_level ?? 0,
    spreadPoints: s.spread ?? null,
    tradeMode: s.trade_mode ?? 'full',
    expirationModes: s.expiration_modes ?? null,
    marginPerLot: s.margin_per_lot ?? null,
    bid: s.bid,
    ask: s.ask,
    quotedMs: s.quoted_at == null ? null : Date.parse(s.quoted_at),
  };
}
