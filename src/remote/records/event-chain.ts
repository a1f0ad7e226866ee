import { type CID, cidText } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import type { ModelEvent } from '../../registry/interface.ts'
import { readModelEvent } from '../../registry/model-object.ts'

export interface FoundEvent extends ModelEvent {
  readonly cid: CID
}

/** What two sides know of one alias, or of the approvals of one version. Each is a chain, and each part of one here begins with its newest event. */
export interface ComparedChains {
  /** Events that only the source has, and that only the target has. */
  readonly sourceOnly: readonly FoundEvent[]
  readonly targetOnly: readonly FoundEvent[]
}

/**
 * Where two chains part. Reads the near one as a whole, and the far one until it meets it.
 * @param source heads of both; undefined for a side that has none
 */
export async function compareChains(events: BlockSource, source: CID | undefined, target: CID | undefined, isSourceNear: boolean): Promise<ComparedChains> {
  const [nearHead, farHead] = isSourceNear ? [source, target] : [target, source]
  const near: FoundEvent[] = []
  for await (const event of chainOf(events, nearHead)) near.push(event)
  const places = new Map(near.map(({ cid }, at) => [cidText(cid), at]))
  const far: FoundEvent[] = []
  let meeting = near.length
  for await (const event of chainOf(events, farHead)) {
    const at = places.get(cidText(event.cid))
    if (at !== undefined) {
      meeting = at
      break
    }
    far.push(event)
  }
  const nearOnly = near.slice(0, meeting)
  return isSourceNear ? { sourceOnly: nearOnly, targetOnly: far } : { sourceOnly: far, targetOnly: nearOnly }
}

async function* chainOf(events: BlockSource, head: CID | undefined): AsyncGenerator<FoundEvent> {
  for (let cid = head ?? null; cid !== null; ) {
    const event = await readModelEvent(events, cid)
    yield { ...event, cid }
    cid = event.previous
  }
}
