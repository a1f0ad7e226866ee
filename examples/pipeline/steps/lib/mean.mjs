const DIGITS = 3

/** Rounded: what comes after has no meaning in counts. */
export const mean = (values) => Number((values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(DIGITS))
