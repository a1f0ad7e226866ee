import type { Platform } from '../cid/interface.ts'
import { sleep } from './pause.ts'

const LONGEST_WAIT_MS = 20_000

/**
 * Waits after a commit that another writer came before. Of many writers that try at once only one gets on, and the work of all others is for nothing: they spread out over as many
 * times what an attempt takes as there seem to be writers. The first loss is taken for chance.
 */
export async function yieldTo(platform: Platform, losses: number, attemptMs: number): Promise<void> {
  if (losses === 0) return
  const [random = 0] = platform.randomBytes(1)
  await sleep((random / 256) * Math.min(attemptMs * 2 ** losses, LONGEST_WAIT_MS))
}
