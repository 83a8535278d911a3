import { type Fault, jsonPointer } from './problem.ts';

/**
 * The texts in a parsed body or query that PostgreSQL cannot hold (U+0000) or would hold altered (a lone surrogate),
 * each by its pointer. The value is plain data of bounded depth, as a schema has let it through.
 */
export function textFaults(value: unknown, path: readonly PropertyKey[] = []): Fault[] {
  if (typeof value === 'string') {
    const detail = value.includes('\u0000')
      ? 'holds U+0000'
      : value.isWellFormed()
        ? null
        : 'holds a lone surrogate';
    return detail === null ? [] : [{ pointer: jsonPointer(path), detail }];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => textFaults(member, [...path, key]));
}
