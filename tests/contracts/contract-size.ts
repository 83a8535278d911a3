/** How many tests the contract has on every runtime, and the SHA-256 of their names in order, one a line. */
export const CONTRACT = {
  tests: 213,
  sha256: 'cbf0b749068346f90688de559b57f4eb57831ebd5dd58aad034415d31ddba1fd',
};
