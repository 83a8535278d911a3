/**
 * Makes drizzle-orm load in a tenth of its time: `node --import` this file, or import it before anything that does. Node reads
 * the nearest package.json for each module anew, to learn that it is an ES module, and drizzle has some three hundred of
 * them under one of 178 KB. What it is and where follows from its name: drizzle's own imports are relative and whole.
 */
import { registerHooks } from 'node:module';

const FOLDER = '/node_modules/drizzle-orm/';

registerHooks({
  resolve(specifier, context, next) {
    const { parentURL: from } = context;
    const isOwn = specifier.startsWith('.') && specifier.endsWith('.js');
    if (!isOwn || !from?.includes(FOLDER) || !from.endsWith('.js')) return next(specifier, context);
    return { url: new URL(specifier, from).href, format: 'module', shortCircuit: true };
  },
});
