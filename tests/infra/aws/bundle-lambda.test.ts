import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { describe, expect, it } from 'vitest';
import { bundleLambda } from '../../../infra/aws/bundle-lambda.ts';
import { temporaryFolder } from './synthesized-stack.ts';

const MIB = 1024 * 1024;

describe('the Lambda bundle', () => {
  it('is one small module with three handlers that needs nothing but Node', async () => {
    const outdir = temporaryFolder();
    const { bytes, gzipBytes } = await bundleLambda(outdir);
    expect(readdirSync(outdir).sort()).toEqual(['lambda.mjs', 'lambda.mjs.map']);
    const code = readFileSync(join(outdir, 'lambda.mjs'), 'utf8');
    expect(bytes).toBe(Buffer.byteLength(code));
    expect(gzipBytes).toBeLessThanOrEqual(3 * MIB);

    await init();
    const [imports, exports] = parse(code);
    expect(exports.flatMap((one) => ('name' in one ? [one.name] : []))).toEqual(
      expect.arrayContaining(['api', 'scheduled', 'queue']),
    );
    const foreign = imports
      .flatMap((one) => ('specifier' in one && one.specifier ? [one.specifier] : []))
      .filter((name) => !name.startsWith('node:') && !builtinModules.includes(name));
    expect(foreign).toEqual([]);
  });
});
