// The simple moving average: the mean of the last `period` values, undefined until there are that many.

/**
 * Means of the last `period` values, one per value, undefined for the first `period - 1`. A rolling sum with
 * Neumaier's compensation, so that 20,000 steps leave no drift. Formula: sum(v[i-period+1..i]) / period.
 */
export function movingAverage(values: readonly number[], period: number): (number | undefined)[] {
  let sum = 0;
  let lost = 0;
  const add = (value: number): void => {
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  };
  return values.map((value, index) => {
    add(value);
    if (index >= period) add(-(values[index - period] ?? 0));
    return index < period - 1 ? undefined : (sum + lost) / period;
  });
}
