/** What the caller of `npm run chart` can mend, in one line that names the option. */
export class ChartRefused extends Error {}
