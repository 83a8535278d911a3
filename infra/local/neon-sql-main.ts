// Runs the `/sql` server as a process: `node neon-sql-main.ts --port N --database-port N [--max-connections 16]`.
// A process of its own, because its CPU time is measured apart and must not delay the stack's other parts.
import { startNeonSqlServer } from './neon-sql-server.ts';
import { portArgument, readArguments, runServerProcess } from './run-server-process.ts';

const given = readArguments(['port', 'database-port', 'max-connections']);
const maxConnections = Number(given['max-connections'] ?? 16);
if (!Number.isInteger(maxConnections) || maxConnections < 1) {
  console.error('--max-connections must be a positive number');
  process.exit(2);
}
await runServerProcess(() =>
  startNeonSqlServer({
    port: portArgument(given, 'port'),
    databasePort: portArgument(given, 'database-port'),
    maxConnections,
  }),
);
