import { join, resolve } from 'node:path'
import { Option } from 'commander'
import type { HashName } from '../../cid/interface.ts'
import { AlreadyExistsError } from '../../errors.ts'
import { shownText } from '../format.ts'
import { holdsRepository, REPOSITORY_FOLDER } from '../repository-location.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface InitFlags {
  readonly hash?: HashName
}

export const verb: AnyVerb = defineVerb<InitFlags>({
  examples: [
    ['varve init', 'create .varve/ in the current folder'],
    ['varve init --repo /mnt/store', 'create a repository of that very name'],
  ],
  configure(command) {
    command
      .argument('[dir]', 'the folder in which .varve/ is created; default: the current one')
      .addOption(new Option('--hash <name>', 'the hash of every CID; default: sha2-256').choices(['sha2-256', 'blake3']))
  },
  async run(context, [folder], { hash }) {
    const located = context.locate()
    // A repository further up is no reason not to have one here.
    const path = folder === undefined && located.named ? located.path : join(resolve(folder ?? '.'), REPOSITORY_FOLDER)
    const found = holdsRepository(path)
    await using repository = await context.openOrCreate({ path, named: true, found }, hash)
    const used = repository.blocks.config.hash
    if (hash !== undefined && hash !== used) throw new AlreadyExistsError(`${path} holds a repository already, whose hash is ${used}`, { data: { location: path, hash: used }, hint: 'Use it as it is, or choose another place.' })
    await context.output.result({ repo: path, created: !found, hash: used }, () => [found ? `${shownText(path)} is a repository already` : `created ${shownText(path)}`])
  },
})
