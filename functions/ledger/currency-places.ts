/** Digits that amounts of a currency are kept to (ISO 4217): 2 where the code is none that is known. Pure. */
export function currencyPlaces(currency: string | null): number {
  if (currency === null || !/^[A-Za-z]{3}$/.test(currency)) return 2;
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}
