// What no single field of an equity curve's points shows: their order and the size of their numbers. Equal times are
// allowed, because a terminal closes many trades in one second; their order is then that in which they were sent.
import { candleNumber, candleTimeMs, MAX_FAULTS, type SpecFault } from './candle-series.ts';

/** 15 significant digits at two decimals, what a float holds exactly. */
const MAX_AMOUNT = 9e13;

/** The faults of points as sent; what is malformed in itself is the schema's business and is passed over. */
export function equityFaults(points: readonly unknown[], pointer: string): SpecFault[] {
  const faults: SpecFault[] = [];
  let latest = 0;
  for (const [index, point] of points.entries()) {
    if (faults.length > MAX_FAULTS) break;
    if (typeof point !== 'object' || point === null) continue;
    const raw: Record<string, unknown> = { ...point };
    const timeMs = candleTimeMs(raw['time']);
    if (timeMs !== undefined && timeMs < latest) {
      faults.push({ pointer: `${pointer}/${index}/time`, detail: 'earlier than the point before it' });
    }
    latest = Math.max(latest, timeMs ?? latest);
    for (const name of ['equity', 'flow']) {
      if (Math.abs(candleNumber(raw[name]) ?? 0) > MAX_AMOUNT) {
        faults.push({ pointer: `${pointer}/${index}/${name}`, detail: 'more than 15 significant digits' });
      }
    }
  }
  return faults;
}
