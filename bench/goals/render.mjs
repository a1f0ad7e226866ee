import { markdownTable } from '../macro/markdown.mjs'
import { judge } from './judge.mjs'

/**
 * The goals as a table, those of the session's scale.
 * @param {import('../macro/session.mjs').Session} session
 */
export function renderGoals(session) {
  const goals = judge(session)
  const missed = goals.filter(({ met }) => !met)
  const rows = goals.map(({ job, goal, measured, met }) => [job, goal, measured, met ? 'yes' : '**no**'])
  const table = goals.length === 0 ? [] : [markdownTable(['job', 'goal', 'measured', 'met'], rows), '']
  return { missed: missed.length, text: [...table, `${goals.length - missed.length} of ${goals.length} goals are met, at scale ${session.scale}.`].join('\n') }
}
