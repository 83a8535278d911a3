// An account's name in a picture. Names come from people and may be in any script: one that the chart's alphabet
// cannot spell is left out rather than drawn as empty boxes.
import { fitText, unsupportedCharacter } from './glyphs.ts';

/** The name cut to a width at a size, semi-bold; undefined where there is none or no part of it can be drawn. */
export function accountName(name: string | undefined, size: number, room: number): string | undefined {
  if (name === undefined || unsupportedCharacter(name) !== undefined) return undefined;
  const fitted = fitText(name.trim(), 600, size, room);
  return fitted === '' ? undefined : fitted;
}
