/** A compiled module on Workers, the bytes in the Lambda bundle; `initWasm` takes either. */
declare module '*.wasm' {
  const wasm: WebAssembly.Module | Uint8Array;
  export default wasm;
}
