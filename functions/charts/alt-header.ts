/**
 * The words about a picture in a header of its answer. A header holds ASCII, so they travel as an extended value (RFC 8187):
 * `alt*=UTF-8''EURUSD%20H1...`.
 */

/** Of the header as a whole: what servers and object stores take without a question. */
const MAX_LENGTH = 1_500;

/** The words with everything but RFC 8187's `attr-char` as percent-encoded UTF-8, cut at a whole character. */
export function altValue(alt: string): string {
  let value = '';
  for (const character of alt.toWellFormed()) {
    const encoded = encodeURIComponent(character).replace(
      /[*'()]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    if (value.length + encoded.length > MAX_LENGTH) return value;
    value += encoded;
  }
  return value;
}

/** The header of such a value; none where there are no words. */
export const altHeader = (value: string): Record<string, string> =>
  value === '' ? {} : { 'x-alt-text': `alt*=UTF-8''${value}` };
