import { type SQL, sql } from 'drizzle-orm';

/** PostgreSQL's names of the types that arrays are made of. */
type ElementType = 'text' | 'uuid' | 'bigint' | 'int' | 'smallint' | 'numeric' | 'timestamptz';

/**
 * Values as an array of PostgreSQL's: one parameter with its cast, `$1::uuid[]`. It is one however many the values are, so
 * that the statement has one text and one plan, and never more parameters than the protocol counts; drizzle would spell an
 * array of ours as a parameter for each. Every value is quoted, so that any text arrives as it is, an empty one and `NULL`
 * too; only U+0000 is refused, which no text of PostgreSQL's holds. One that is not of the type fails the statement.
 * Source: PostgreSQL documentation, 8.15.6 Array Input and Output Syntax.
 */
export const sqlArray = (type: ElementType, values: Iterable<string | number | bigint>): SQL =>
  sql`${`{${Array.from(values, quoted).join(',')}}`}::${sql.raw(type)}[]`;

const quoted = (value: string | number | bigint): string => `"${String(value).replace(/["\\]/g, '\\$&')}"`;
