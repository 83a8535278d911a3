// What the schema does not see in a histogram's values: numbers too large for their decimals, and negative durations.
import { candleNumber, MAX_FAULTS, type SpecFault } from './candle-series.ts';

/** 15 significant digits at two decimals, what a float holds exactly. */
const MAX_VALUE = 9e13;

/** The faults of values as sent; what is malformed in itself is the schema's business and is passed over. */
export function histogramFaults(values: readonly unknown[], column: unknown, pointer: string): SpecFault[] {
  const faults: SpecFault[] = [];
  for (const [index, raw] of values.entries()) {
    if (faults.length > MAX_FAULTS) break;
    const value = candleNumber(raw) ?? 0;
    const at = `${pointer}/${index}`;
    if (Math.abs(value) > MAX_VALUE) faults.push({ pointer: at, detail: 'more than 15 significant digits' });
    else if (column === 'duration' && value < 0)
      faults.push({ pointer: at, detail: 'a duration is not negative' });
  }
  return faults;
}
