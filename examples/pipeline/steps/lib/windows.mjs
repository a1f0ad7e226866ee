import { mean } from './mean.mjs'

/** For each place the mean of the values up to it, as many as `size`; fewer in the beginning. */
export const windows = (values, size) => values.map((_value, at) => mean(values.slice(Math.max(0, at + 1 - size), at + 1)))
