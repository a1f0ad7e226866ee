import { cidText } from '../../../cid/cid.ts'
import { verifyRevision } from '../../../dataset/verify.ts'
import { openManifest } from '../../../manifest/manifest.ts'
import { gitTreeOf } from '../git-tree.ts'
import type { CheckRule } from '../interface.ts'
import { counted, declared, missing, proven, someOf } from '../verdicts.ts'

/**
 * That the stored files are those that ran was proven when they were stored (they were read back and compared). Here all of them are hashed again; where git had a tree of the same files, it is made again of what is
 * stored. The two may differ honestly: git converts line ends, and secrets are left out of what is stored.
 */
export const codeRule: CheckRule = {
  id: 'code', level: 'basic', title: 'The code that ran is stored, and gives the tree that was recorded',
  decide: async ({ repository: { blocks }, run: { started, label }, signal }) => {
    const { code, capture } = started
    if (code === null) return missing(`The code was not stored${capture.missing.length === 0 ? '' : `: ${someOf(capture.missing, 2)}`}`, 'Start runs in the folder of the project.')
    const root = cidText(code)
    const { ok, damaged } = await verifyRevision(blocks, root, signal === undefined ? {} : { signal })
    if (!ok) return missing(`The code of ${label} has ${counted(damaged.length, 'block')} damaged or not there`, '`varve repair` mends what it can.')
    const { totals } = await openManifest(blocks, code)
    const whole = `${counted(totals.files, 'file')} hash to the root ${root}, recorded before the run began`
    const { git } = capture
    if (git?.tree == null) return proven(`${whole}; there is no tree of git to compare them with`)
    const tree = await gitTreeOf(blocks, code, git.tree.length, git.submodules, signal)
    if (tree === git.tree) return proven(`${whole}, and to the git tree ${tree}`)
    return declared(`${whole}. Git says that the working tree was ${git.tree}, and of these files it makes ${tree}: it may convert line ends or filter, or files were left out${capture.missing.length === 0 ? '' : ` (${someOf(capture.missing, 2)})`}`)
  },
}
