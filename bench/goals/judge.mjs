import { corpusGoals } from './corpus-goals.mjs'
import { memoryGoals } from './memory-goals.mjs'
import { networkGoals } from './network-goals.mjs'
import { pieceGoals } from './piece-goals.mjs'

/**
 * @typedef {object} Goal
 * @property {string} job
 * @property {string} goal in words
 * @property {string} measured in words, with the reference of the same session
 * @property {boolean} met
 *
 * @typedef {(session: import('../macro/session.mjs').Session) => Goal[]} GoalGroup
 */

/** All goals that the session has measured. @type {GoalGroup} */
export const judge = (session) => [corpusGoals, networkGoals, pieceGoals, memoryGoals].flatMap((group) => group(session))
