/** How many tests the contract has on every runtime, and the SHA-256 of their names in order, one a line. */
export const CONTRACT = {
  tests: 289,
  sha256: '75d9df083250d44d53fc66532c05a3ba911ea6c63a80bf423cad691d9452b632',
};
