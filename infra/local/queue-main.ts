// Runs the queues as a process: `node queue-main.ts --port N --queues '[{"name":"events","deadLetterQueue":"dead"},{"name":"dead"}]'`.
import { type QueueDefinition, startQueueServer } from './queue-server.ts';
import { portArgument, readArguments, runServerProcess, textArgument } from './run-server-process.ts';

const given = readArguments(['port', 'queues']);
await runServerProcess(async () =>
  startQueueServer({
    port: portArgument(given, 'port'),
    queues: JSON.parse(textArgument(given, 'queues')) as QueueDefinition[],
  }),
);
