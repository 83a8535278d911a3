// Runs the Upstash stand-in as a process: `node upstash-main.ts --port N --token T`.
import { portArgument, readArguments, runServerProcess, textArgument } from './run-server-process.ts';
import { startUpstashServer } from './upstash-server.ts';

const given = readArguments(['port', 'token']);
await runServerProcess(() =>
  startUpstashServer({ port: portArgument(given, 'port'), token: textArgument(given, 'token') }),
);
