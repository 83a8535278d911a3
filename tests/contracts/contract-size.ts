/** How many tests the contract has on every runtime, and the SHA-256 of their names in order, one a line. */
export const CONTRACT = {
  tests: 193,
  sha256: '5be17970901b7c520eda5929b78fe43fa8ad7f7c6e5469cde9388378c0f58280',
};
