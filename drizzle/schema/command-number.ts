import { pgSequence } from 'drizzle-orm/pg-core';

/** The lower 28 bits of the counter inside a command's magic number; above them stands the restore epoch. */
export const commandNumber = pgSequence('command_number', {
  startWith: 1,
  minValue: 1,
  maxValue: 268435455,
});
