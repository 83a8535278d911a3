/** The Cloudflare door: HTTP, the cron tick and the queue. A wrong environment answers 503 on every route. */
import rasterizerWasm from '@resvg/resvg-wasm/index_bg.wasm';
import layoutWasm from 'satori/yoga.wasm';
import { createApp } from './app.ts';
import { type Wiring, type WorkerBindings, wireWorker } from './deps.ts';
import { consume, runTick } from './jobs.ts';
import { systemClock } from './platform/clock.ts';
import { ConfigError, parseConfig } from './platform/config.ts';
import type { Deps } from './platform/deps.ts';
import { createIds } from './platform/ids.ts';
import { consoleLog } from './platform/log.ts';
import { problem, problemResponse } from './platform/problem.ts';
import type { WorkMessage } from './platform/work-queue.ts';

type Env = Record<string, unknown> & WorkerBindings;

const LOAD_WASM = {
  loadRasterizerWasm: async () => rasterizerWasm,
  loadLayoutWasm: async () => layoutWasm,
};
const app = createApp();
const ids = createIds(systemClock);
let wired: { wiring: Wiring } | { error: ConfigError } | undefined;

function wiringOf(env: Env): { wiring: Wiring } | { error: ConfigError } {
  wired ??= tryWire(env);
  return wired;
}

function tryWire(env: Env): { wiring: Wiring } | { error: ConfigError } {
  try {
    const config = parseConfig(env, 'all', systemClock.nowMs());
    return { wiring: wireWorker(config, env, LOAD_WASM) };
  } catch (e) {
    if (!(e instanceof ConfigError)) throw e;
    consoleLog({ kind: 'fault', name: 'config', outcome: 'misconfigured', request_id: '', cause: e.message });
    return { error: e };
  }
}

function depsOf(env: Env, ctx: Pick<ExecutionContext, 'waitUntil'>, lingers: boolean): Deps {
  const found = wiringOf(env);
  if ('error' in found) throw found.error;
  return found.wiring((work) => ctx.waitUntil(work()), lingers);
}

export default {
  async fetch(request, env, ctx) {
    const requestId = ids.next();
    const found = wiringOf(env);
    if ('error' in found) return problemResponse(problem('misconfigured'), 'unmatched', requestId);
    const address = request.headers.get('cf-connecting-ip') ?? 'unknown';
    const deps = depsOf(env, ctx, true);
    return app.fetch(request, { door: { deps, requestId, address } });
  },
  async scheduled(controller, env, ctx) {
    await runTick(depsOf(env, ctx, false), controller.scheduledTime);
  },
  async queue(batch, env, ctx) {
    const bodies = batch.messages.map((m) => m.body);
    const failed = await consume(depsOf(env, ctx, false), bodies);
    for (const [i, m] of batch.messages.entries()) if (failed.has(bodies[i] as WorkMessage)) m.retry();
  },
} satisfies ExportedHandler<Env, WorkMessage>;
