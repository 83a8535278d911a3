/** How many tests the contract has on every runtime, and the SHA-256 of their names in order, one a line. */
export const CONTRACT = {
  tests: 300,
  sha256: '832cfebaf89df5101f992c793f3f070ce28b284a1fe2d445686c15cc098be95b',
};
