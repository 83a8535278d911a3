// Answers of Neon's `/sql` as JSON text.
// Source: neondatabase/neon, proxy/src/serverless/sql_over_http.rs.

import { jsonValue } from './neon-row-values.ts';
import type { OutputMode } from './neon-sql-request.ts';
import type { StatementResult } from './neon-statement-run.ts';

function rowsJson({ rows, columns }: StatementResult, output: OutputMode): string {
  if (output.rawText && output.asArray) return JSON.stringify(rows);
  const { fields } = columns;
  const values = output.rawText
    ? rows
    : rows.map((row) => row.map((text, index) => jsonValue(text, fields[index]?.dataTypeID ?? 25)));
  if (output.asArray) return JSON.stringify(values);
  return JSON.stringify(
    values.map((row) => Object.fromEntries(row.map((value, index) => [fields[index]?.name ?? '', value]))),
  );
}

function rowCount(tag: string): number | null {
  const parts = tag.split(' ');
  // INSERT carries an object id in between: `INSERT 0 3`.
  const count = parts[0] === 'INSERT' ? parts[2] : parts[1];
  return count !== undefined && /^\d+$/.test(count) ? Number(count) : null;
}

/** The JSON object of one statement. `command` is the tag's first word, `rowCount` its number or null. */
export function resultJson(result: StatementResult, output: OutputMode): string {
  const space = result.tag.indexOf(' ');
  const command = space === -1 ? result.tag : result.tag.slice(0, space);
  return (
    `{"command":${JSON.stringify(command)},"rowCount":${rowCount(result.tag)},"rowAsArray":${output.asArray},` +
    `"fields":${result.columns.json},"rows":${rowsJson(result, output)}}`
  );
}

const ERROR_FIELDS = [
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'severity',
  'where',
  'table',
  'column',
  'schema',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const;

/**
 * The JSON object of an error, with every field of PostgreSQL's error that the driver knows. An error that did
 * not come from PostgreSQL (a lost connection) has the empty string as code and severity, as at Neon.
 */
export function errorJson(error: Error, fromDatabase: boolean): string {
  const source = error as unknown as Record<string, unknown>;
  const answer: Record<string, unknown> = { message: error.message };
  for (const field of ERROR_FIELDS) answer[field] = fromDatabase ? (source[field] ?? null) : null;
  if (!fromDatabase) {
    answer.code = '';
    answer.severity = '';
  }
  return JSON.stringify(answer);
}
