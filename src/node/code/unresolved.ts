/** Why a specifier leads to no module, in words that follow it in a sentence: `is not installed`. */
export class Unresolved extends Error {}
