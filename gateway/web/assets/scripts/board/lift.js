// Moving cards by keys: space lifts, arrows show where the card would go, space
// drops, Escape puts it back.
import {forget} from '../change.js'
import {say} from '../context.js'
import {queryAll} from '../dom.js'
import {current, known, tasks} from '../tasks.js'
import {announce} from '../toast.js'
import {arrange} from './arrange.js'
import {cards} from './cards.js'
import {columnName, columnOf, columns} from './columns.js'
import {place} from './place.js'
import {withSelection} from './selection.js'
import {reveal} from './walk.js'

/**
 * What is lifted, and where it would go.
 * @typedef {object} Lifted
 * @property {string} id
 * @property {string[]} ids what moves along, with it
 * @property {string} status
 * @property {number} at the place in the column, among those that stay
 * @property {boolean} moved
 */

/** @type {Lifted | null} */
let lifted = null

/** Reports whether a card is lifted. */
export const isHolding = () => !!lifted

/**
 * Lifts the card of a task, with all that is selected if it is.
 * @param {string} id
 */
export function hold(id) {
  const {title, status} = current(known(id))
  const ids = withSelection(id)
  const column = columnOf(status).ids
  const at = column.indexOf(id)
  // Of those selected the others come to it at the first step.
  const stay = column.slice(0, at).filter(other => !ids.includes(other))
  lifted = {id, ids, status, at: stay.length, moved: false}
  mark(ids)
  announce(say('lifted', ids.length > 1 ? say('many', title, ids.length) : title, at + 1, column.length, columnName(status)))
}

/** @param {string[]} ids */
function mark(ids) {
  for (const id of ids) cards.get(id)?.classList.add('held')
}

/**
 * Shows what is lifted at another place.
 * @param {number} right
 * @param {number} down
 */
export function shift(right, down) {
  if (!lifted) return
  const keys = [...columns.keys()]
  const {id, ids} = lifted
  const status = keys[within(keys.indexOf(lifted.status) + right, keys.length - 1)]
  const others = columnOf(status).ids.filter(other => !ids.includes(other))
  const at = within(lifted.at + down, others.length)
  lifted = {id, ids, status, at, moved: true}
  showAt(lifted, others[at - 1])
  arrange()
  reveal(id)
  mark(ids)
  announce(say('at', at + 1, others.length + ids.length, columnName(status)))
}

/**
 * @param {number} number
 * @param {number} most
 */
const within = (number, most) => Math.min(most, Math.max(0, number))

/**
 * @param {Lifted} lifted
 * @param {string | undefined} after
 */
function showAt({ids, status}, after) {
  const rank = after ? current(known(after)).rank : ''
  for (const [i, id] of ids.entries()) {
    const task = tasks.get(id)
    if (task) task.pending = {...task.pending, status, rank, sub: .5 + i / 1000}
  }
}

/**
 * Drops what is lifted, or puts it back.
 * @param {boolean} drop
 */
export function release(drop) {
  if (!lifted) return
  const {id, ids, status, at, moved} = lifted
  const title = tasks.get(id)?.title ?? ''
  const column = columnOf(status)
  const shown = column.ids
  lifted = null
  for (const card of queryAll('.held')) card.classList.remove('held')
  putBack(ids, moved)
  arrange()
  if (drop && moved) {
    announce(say('dropped', title, columnName(status), at + 1, shown.length))
    place(ids, status, shown.filter(other => !ids.includes(other))[at])
  } else announce(say('putBack', title))
  reveal(id)
}

/**
 * Has tasks stand where they stood before they were lifted.
 * @param {string[]} ids
 * @param {boolean} moved
 */
function putBack(ids, moved) {
  for (const id of ids) {
    const task = tasks.get(id)
    if (task) forget(task, moved ? ['status', 'rank', 'sub'] : [])
  }
}
