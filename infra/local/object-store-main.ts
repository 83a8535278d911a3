// Runs the object store as a process: `node object-store-main.ts --port N --data DIR --access-key K --secret-key S`.
import { startObjectStore } from './object-store-server.ts';
import { portArgument, readArguments, runServerProcess, textArgument } from './run-server-process.ts';

const given = readArguments(['port', 'data', 'access-key', 'secret-key']);
await runServerProcess(() =>
  startObjectStore({
    port: portArgument(given, 'port'),
    dataDir: textArgument(given, 'data'),
    accessKey: textArgument(given, 'access-key'),
    secretKey: textArgument(given, 'secret-key'),
  }),
);
