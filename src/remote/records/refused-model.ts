import { type CID, cidText } from '../../cid/cid.ts'
import { type EventSubject, modelLabel } from '../../registry/model-key.ts'
import { readModelVersion } from '../../registry/model-object.ts'
import type { FoundEvent } from './event-chain.ts'
import type { ModelFact, RefusedModel, Sides } from './interface.ts'

/** A number that stands for one version here and for another there. Reads both. */
export async function refusedVersion({ either }: Sides, { name, number, source, target }: { readonly name: string; readonly number: number; readonly source: CID; readonly target: CID }): Promise<RefusedModel> {
  const fact = async (cid: CID): Promise<ModelFact> => {
    const { by, at } = await readModelVersion(either, cid)
    return { id: cidText(cid), number, by, at }
  }
  return {
    model: name, subject: modelLabel({ name, number }), kind: 'version', sent: await fact(source), kept: await fact(target),
    hint: `Versions are not renumbered; ${name} stays as it is on both sides. To go on from theirs, register yours under another name (varve model register <new-name> --run <run>), take ${name} out here (varve model remove ${name} --why <why>), and \`varve pull\``,
  }
}

/** Events that were added on both sides. */
export function refusedEvents({ target, near }: Sides, about: EventSubject, sent: FoundEvent, kept: FoundEvent): RefusedModel {
  const theirs = target === near ? sent : kept
  const subject = 'alias' in about ? `${about.name}@${about.alias}` : modelLabel(about)
  const agree = theirs.number === null ? `take it away here too: varve model alias ${subject} --remove` : `point it to that version here too: varve model alias ${subject} ${theirs.number}`
  return {
    model: about.name, subject, kind: 'alias' in about ? 'alias' : 'approval', sent: factOf(sent), kept: factOf(kept),
    hint: 'alias' in about && sent.number !== kept.number ? `To go on from theirs, ${agree}. \`varve pull\` then puts the two histories together; move it again after that, if yours is to hold, and push` : '`varve pull` puts the two together; then push again',
  }
}

function factOf({ cid, number, by, at }: FoundEvent): ModelFact {
  return { id: cidText(cid), number, by, at }
}
