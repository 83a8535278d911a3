import { pgSequence } from 'drizzle-orm/pg-core';

/** The lower 27 bits of the counter inside a command's magic number; what stands above them is in `restore-epoch.ts`. */
export const commandNumber = pgSequence('command_number', {
  startWith: 1,
  minValue: 1,
  maxValue: 134217727,
});
