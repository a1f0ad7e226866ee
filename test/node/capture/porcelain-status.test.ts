import { describe, expect, it } from 'vitest'
import { parseStatus } from '../../../src/node/capture/porcelain-status.ts'

const ID = 'a'.repeat(40)
const bytes = (...items: readonly string[]): Uint8Array => Buffer.from(items.map((item) => `${item}\0`).join(''), 'latin1')

describe('the status of git', () => {
  it('is read with renames, conflicts, submodules and names of any bytes', () => {
    const status = parseStatus(bytes(
      `# branch.oid ${ID}`, '# branch.head feature/a b', '# branch.upstream origin/x', '# stash 3',
      `1 M. N... 100644 100644 100644 ${ID} ${ID} a b  c`,
      `1 .D N... 100644 100644 000000 ${ID} ${ID} gone\n1 .M line`,
      `2 R. N... 100644 100644 100644 ${ID} ${ID} R100 new name`, 'old\tname',
      `2 .R N... 100644 100644 100644 ${ID} ${ID} R86 moved`, 'before',
      `2 C. N... 100644 100644 100644 ${ID} ${ID} C75 copy`, 'original',
      `u UU N... 100644 100644 100644 100644 ${ID} ${ID} ${ID} conflict`,
      `1 .M SC.U 160000 160000 160000 ${ID} ${ID} vendor/lib`,
      '? \xff\xfe', '! ignored', '? nested/', 'x of a later version',
    ))
    expect(status).toEqual({
      commit: ID, branch: 'feature/a b',
      changes: [
        { path: 'a b  c', status: 'M.', isSubmodule: false }, { path: 'gone\n1 .M line', status: '.D', isSubmodule: false },
        { path: 'new name', status: 'R.', isSubmodule: false }, { path: 'old\tname', status: 'D.', isSubmodule: false },
        { path: 'moved', status: '.R', isSubmodule: false }, { path: 'before', status: '.D', isSubmodule: false },
        { path: 'copy', status: 'C.', isSubmodule: false }, { path: 'conflict', status: 'UU', isSubmodule: false },
        { path: 'vendor/lib', status: '.M', isSubmodule: true }, { path: '\xff\xfe', status: '??', isSubmodule: false }, { path: 'nested/', status: '??', isSubmodule: false },
      ],
    })
  })

  it('has no commit before the first, and no branch if HEAD is detached', () => {
    expect(parseStatus(bytes('# branch.oid (initial)', '# branch.head main'))).toEqual({ commit: null, branch: 'main', changes: [] })
    expect(parseStatus(bytes(`# branch.oid ${ID}`, '# branch.head (detached)'))).toEqual({ commit: ID, branch: null, changes: [] })
    expect(parseStatus(new Uint8Array(0))).toEqual({ commit: null, branch: null, changes: [] })
  })
})
