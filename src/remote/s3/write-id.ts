/** Name of the metadata by which a write knows its own object again. */
export const WRITE_ID = 'varve-write'
