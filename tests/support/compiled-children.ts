// Every file's first act. Programs that tests start may keep what Node has compiled of them: a stack is seven programs,
// and compiling them is half of its start. Vitest forbids it to its own processes, whose coverage would suffer.
import { COMPILED } from '../../infra/local/child-process.ts';

process.env['NODE_COMPILE_CACHE'] = COMPILED;
delete process.env['NODE_DISABLE_COMPILE_CACHE'];
process.env['NODE_OPTIONS'] = `--import ${new URL('../../infra/local/quick-drizzle.ts', import.meta.url)}`;
