import { pgSequence } from 'drizzle-orm/pg-core';

/** The 36-bit counter inside a command's magic number (domain: ns << 40 | number << 4 | attempt). */
export const commandNumber = pgSequence('command_number', {
  startWith: 1,
  minValue: 1,
  maxValue: 68719476735,
});
