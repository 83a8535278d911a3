/**
 * Whether the rows of a snapshot can be facts of one account, and be stored as such. One that cannot condemns them all: what
 * was read wrongly cannot be told from what is right. Pure.
 */
import type { Snapshot } from '../bridge/bridge-protocol.ts';

/** numeric(20,8) holds a little more, and sums of many such figures have to fit too. */
const TOO_LARGE = 100_000_000_000;

/** Whether no position and no symbol stands there twice, and no figure is larger than any market's. */
export const haveSoundRows = (s: Snapshot): boolean =>
  !hasTwice(s.positions.map((p) => p.identifier)) &&
  !hasTwice(s.symbols.map((x) => x.symbol)) &&
  figuresOf(s).every((figure) => figure === null || Math.abs(Number(figure)) < TOO_LARGE);

const hasTwice = (keys: readonly string[]): boolean => new Set(keys).size < keys.length;

const figuresOf = (s: Snapshot): (string | null)[] => [
  ...s.positions.flatMap((p) => [p.volume, p.price_open, p.price_current, p.sl, p.tp, p.swap, p.profit]),
  ...s.deals.flatMap((d) => [d.volume, d.price, d.commission, d.swap, d.profit, d.fee]),
  ...[...s.orders, ...s.history_orders].flatMap((o) => [o.volume_initial, o.volume_current, o.price_open]),
];
