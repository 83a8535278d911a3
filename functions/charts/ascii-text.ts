// Words that a response header can carry.

/** The text with the signs of the chart's alphabet that ASCII lacks (minus, en dash) as hyphens. */
export function asciiText(text: string): string {
  return text.replaceAll('−', '-').replaceAll('–', '-');
}
