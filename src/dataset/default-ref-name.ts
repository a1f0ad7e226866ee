import { InvalidArgumentError } from '../errors.ts'
import { parseRefName } from '../repository/ref-name.ts'

/** A ref name made of a folder's name: what a ref may not hold becomes `-`. @throws InvalidArgumentError if nothing is left */
export function defaultRefName(folderName: string): string {
  const name = folderName.normalize('NFC').replace(/[^\p{L}\p{N}\p{M}._-]+/gu, '-').replace(/^[^\p{L}\p{N}_]+/u, '').replace(/-+$/, '')
  try {
    return parseRefName(name)
  } catch (cause) {
    throw new InvalidArgumentError(`The folder's name "${folderName}" does not make a ref`, { cause, hint: 'Name the ref with --ref.' })
  }
}
