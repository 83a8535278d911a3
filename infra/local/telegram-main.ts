// Runs the Telegram stand-in as a process: `node telegram-main.ts --port N --token T`.
import { portArgument, readArguments, runServerProcess, textArgument } from './run-server-process.ts';
import { startTelegramServer } from './telegram-server.ts';

const given = readArguments(['port', 'token']);
await runServerProcess(() =>
  startTelegramServer({ port: portArgument(given, 'port'), token: textArgument(given, 'token') }),
);
