// What the benches have in common: quantiles, and CPU time as the system counts it.
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second wherever Node runs. */
const MS_PER_CLOCK_TICK = 10;

/** The value below which the share `q` (0 to 1) of them lies; 0 of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

/** The middle of several rounds, with their spread. */
export function rounds(values: readonly number[]): string {
  const [low, middle, high] = [0, 0.5, 1].map((q) => quantile(values, q).toFixed(0));
  return `${middle} ms (${low} to ${high} in ${values.length} rounds)`;
}

/** CPU time in ms that a process and all below it have used, those that have ended included. */
export function cpuMs(pid: number): number {
  const own = fieldsOf(pid);
  if (own === null) return 0;
  const below = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => fieldsOf(child)?.parent === pid);
  return own.ticks * MS_PER_CLOCK_TICK + below.reduce((total, child) => total + cpuMs(child), 0);
}

function fieldsOf(pid: number): { parent: number; ticks: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // State, parent, ...; the 14th to 17th of all are user and system time, own and of children waited for.
    const ticks = fields.slice(11, 15).reduce((total, f) => total + Number(f), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    return null;
  }
}
