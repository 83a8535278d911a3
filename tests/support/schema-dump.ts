/** What PostgreSQL's own catalogue says of the schema `public`, sorted, so that two schemas can be compared. */
import type pg from 'pg';

const PARTS = {
  columns: `SELECT c.relname || '.' || a.attname || ' #'
      || row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum) || ' ' || format_type(a.atttypid, a.atttypmod)
      || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped`,
  constraints: `SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace`,
  indexes: `SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace`,
  tableGrants: `SELECT c.relname || ' ' || g.grantee::regrole || ' ' || g.privilege_type
    FROM pg_class c CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault(
      CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) g
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'S')`,
  columnGrants: `SELECT c.relname || '.' || a.attname || ' ' || g.grantee::regrole || ' ' || g.privilege_type
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid CROSS JOIN LATERAL aclexplode(a.attacl) g
    WHERE c.relnamespace = 'public'::regnamespace`,
  schemaGrants: `SELECT n.nspname || ' ' || CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END || ' '
      || g.privilege_type
    FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) g WHERE n.nspname = 'public'`,
  owners: `SELECT c.relname || ' ' || c.relowner::regrole FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace`,
  sequences: `SELECT concat_ws(' ', sequencename, data_type, start_value, min_value, max_value, increment_by, cycle, cache_size)
    FROM pg_sequences WHERE schemaname = 'public'`,
  routines: `SELECT p.oid::regprocedure || ' ' || p.proowner::regrole || ' ' || pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`,
  triggers: `SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal`,
  extensions: `SELECT extname FROM pg_extension`,
};

export type SchemaDump = Record<keyof typeof PARTS, string[]>;

/** Reads the schema. Two databases of one server with equal dumps have the same tables, rules and rights. */
export async function dumpSchema(client: pg.Client): Promise<SchemaDump> {
  const dump: Partial<SchemaDump> = {};
  for (const [part, text] of Object.entries(PARTS)) {
    const { rows } = await client.query<{ line: string }>(
      `SELECT line FROM (${text}) AS found(line) ORDER BY line`,
    );
    dump[part as keyof SchemaDump] = rows.map((r) => r.line);
  }
  return dump as SchemaDump;
}
