/** How many tests the contract has on every runtime, and the SHA-256 of their names in order, one a line. */
export const CONTRACT = {
  tests: 249,
  sha256: 'e3c966f413eccc8377fc8a6c574b7602c920a19047982f9d64b5b7e6be5dd339',
};
