import { InvalidArgumentError } from '../errors.ts'
import { WasmCutter } from './fastcdc-wasm.ts'
import { PlainCutter } from './fastcdc-plain.ts'
import { DEFAULT_PROFILE } from './profiles.ts'
import type { ChunkerProfile, Cutter } from './interface.ts'

/** Four of the largest chunks of the default profile: large enough that little is moved, small enough for a processor's cache. */
export const DEFAULT_WINDOW_SIZE_BYTES: number = 4 * 1024 * 1024
const LARGEST_WINDOW_SIZE_BYTES: number = 1024 * 1024 * 1024

/**
 * The fastest cutter that this runtime allows: WebAssembly, else plain JavaScript. Both cut at the same places.
 * Make one for each thread and use it for many files; it holds `windowSizeBytes` of memory.
 *
 * @param windowSizeBytes at least twice the profile's largest chunk
 * @throws InvalidArgumentError for a window that is too small or above 1 GiB
 */
export function createCutter(profile: ChunkerProfile = DEFAULT_PROFILE, windowSizeBytes: number = Math.max(DEFAULT_WINDOW_SIZE_BYTES, 4 * profile.maxSizeBytes)): Cutter {
  if (!Number.isInteger(windowSizeBytes) || windowSizeBytes < 2 * profile.maxSizeBytes || windowSizeBytes > LARGEST_WINDOW_SIZE_BYTES) {
    throw new InvalidArgumentError(`A window of ${windowSizeBytes} bytes does not suit chunks of up to ${profile.maxSizeBytes} bytes`, {
      data: { windowSizeBytes, profile: profile.name },
      hint: `Use ${2 * profile.maxSizeBytes} to ${LARGEST_WINDOW_SIZE_BYTES} bytes.`,
    })
  }
  try {
    return new WasmCutter(profile, windowSizeBytes)
  } catch {
    // Absent (--jitless), forbidden (a content security policy), or no address space for its guard pages (ulimit -v).
    return new PlainCutter(profile, windowSizeBytes)
  }
}
