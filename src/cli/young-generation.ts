import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** It doubles, perhaps once more before this is seen. Both halves together. */
export const YOUNG_GENERATION_BYTES: number = 8 * 1024 * 1024
const LOOK_EVERY_MS = 20
/** V8's own. */
const GROWTH_FACTOR = 2

/**
 * Keeps the heap's young generation from growing beyond `YOUNG_GENERATION_BYTES`, or little more: by itself it takes up to 128 MiB with Node 24. Its limit is read when a process
 * begins, but the factor by which it grows whenever it does. For the command line alone, whose process this is.
 *
 * @returns ends it
 */
export function boundYoungGeneration(): () => void {
  let isBounded = false
  const bound = (wanted: boolean): void => {
    if (wanted === isBounded) return
    isBounded = wanted
    setFlagsFromString(`--semi-space-growth-factor=${wanted ? 1 : GROWTH_FACTOR}`)
  }
  const look = (): void => bound(youngGenerationBytes() >= YOUNG_GENERATION_BYTES)
  const timer = setInterval(look, LOOK_EVERY_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    bound(false)
  }
}

export function youngGenerationBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
}
