import { cidText } from '../../../cid/cid.ts'
import type { CheckRule } from '../interface.ts'
import { missing, proven } from '../verdicts.ts'

export const endedRule: CheckRule = {
  id: 'ended', level: 'basic', title: 'The run ended properly, and its record is sealed',
  decide: ({ run: { isOver, record, ended } }) => {
    if (isOver && record !== null && ended?.status === 'succeeded') return proven(`It succeeded at ${ended.ended ?? 'a time that is not recorded'}; the record is ${cidText(record)}`)
    return missing(isOver ? `It ${ended?.status === 'lost' ? 'is lost' : ended?.status === 'aborted' ? 'was aborted' : 'failed'}${ended?.reason == null ? '' : `: ${ended.reason}`}` : 'It is not over', isOver ? 'Run it again.' : 'Wait for it to end; `varve runs` finds out whether its process is still there.')
  },
}
