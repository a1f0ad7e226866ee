const RESERVED = '_varve'

/** True for names that varve keeps for itself: no snapshot is put there, and no command moves them. */
export function isReservedName(name: string): boolean {
  return name === RESERVED || name.startsWith(`${RESERVED}/`) || name.startsWith(`${RESERVED}@`)
}
