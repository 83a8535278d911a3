/** Points that the price of a guard's close may slip from the quote, by how often it was tried (domain 3.3). Pure. */
const POINTS = [20, 50, 100] as const;

/** For a close that was tried `tries` times before: 20, then 50, then 100 points. */
export const deviationPoints = (tries: number): number => POINTS[Math.min(tries, POINTS.length - 1)] ?? 100;
