/** How many tests the contract has on every runtime, and the SHA-256 of their names in order, one a line. */
export const CONTRACT = {
  tests: 282,
  sha256: '6faf70d81bf635f0fb8f07f99515dbbc72f2597a0e5918a0654eec8813924df9',
};
