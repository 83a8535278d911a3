/** How many tests the contract has on every runtime, and the SHA-256 of their names in order, one a line. */
export const CONTRACT = {
  tests: 272,
  sha256: '9d41584801bbf386f1785b135117ca6993b5882aa92ab4c31ce6da249b3a5542',
};
