/** How many tests the contract has on every runtime, and the SHA-256 of their names in order, one a line. */
export const CONTRACT = {
  tests: 156,
  sha256: 'cdae359ce584e9a18869284df9a247af2d4d52be58af3d814c8508848b37afd2',
};
