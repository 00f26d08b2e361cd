// Moving tasks to a place on the board.
import {api} from '../api.js'
import {about, settle} from '../change.js'
import {say} from '../context.js'
import {current, known, tasks} from '../tasks.js'
import {remember} from '../undo.js'
import {arrange, taskChanged} from './arrange.js'
import {columnName, columnOf} from './columns.js'

/** Where something goes: among those that stay in a column. @typedef {{status: string, before: string | null, after: string | null}} Place */

/** Moves are sent one after the other, as each place is given by its neighbors. @type {Promise<void>} */
let moves = Promise.resolve()

/** Counts moves down, so that the last one to the top of a column stands highest. */
let tops = 0

/**
 * Moves tasks into a column, before another task or to its end. They are shown
 * there at once.
 * @param {string[]} ids
 * @param {string} status
 * @param {string | null | undefined} before
 */
export function place(ids, status, before) {
  const column = columnOf(status)
  const others = column.ids.filter(id => !ids.includes(id))
  const moved = ids.filter(id => tasks.has(id))
  const at = before && others.includes(before) ? others.indexOf(before) : others.length
  if (others.toSpliced(at, 0, ...moved).join() === column.ids.join()) return
  const there = {status, before: others[at] ?? null, after: others[at - 1] ?? null}
  const top = --tops
  moved.forEach((id, i) => showAt(id, i, there, top))
  moved.forEach(taskChanged)
  arrange()
  moves = moves.then(() => send(moved, there, top))
}

/**
 * Shows a task at a place, until the server gives it one.
 * @param {string} id
 * @param {number} i which one it is of those that are moved together
 * @param {Place} there
 * @param {number} top
 */
function showAt(id, i, {status, after}, top) {
  const task = known(id)
  const neighbour = after ? tasks.get(after) : undefined
  const above = neighbour && current(neighbour)
  const fields = {status, rank: above?.rank ?? '', sub: (above ? above.sub ?? 0 : top) + (i + 1) / 1000}
  task.pending = {...task.pending, ...fields}
  return fields
}

/**
 * @param {string[]} ids
 * @param {Place} there
 * @param {number} top
 */
async function send(ids, there, top) {
  const {status, before} = there
  const made = []
  const name = columnName(status)
  let after = there.after
  for (const [i, id] of ids.entries()) {
    if (!tasks.has(id)) continue
    const fields = showAt(id, i, there, top)
    const answer = await api('PATCH', 'tasks/' + id, {status, after, before})
    settle(id, fields, answer)
    if (!answer.ok) continue
    made.push(answer.made)
    after = id
  }
  remember(about(say('moved', name), ids), made)
}
