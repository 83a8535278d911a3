/** How many tests the contract has on every runtime, and the SHA-256 of their names in order, one a line. */
export const CONTRACT = {
  tests: 267,
  sha256: '849fe4cbd74c0ff6bd0d4c0f60ee6a63665cd2b0137c7deefcb4a1187a76a4f9',
};
