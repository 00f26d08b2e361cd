// Which task stands in which column, and in what order.
import {pageProject} from '../context.js'
import {focusInPlace} from '../dom.js'
import {current, idOf, tasks} from '../tasks.js'
import {leaveFocusAt, repaintCard, titleLink} from './cards.js'
import {allColumns, columnWith, columns, showCount} from './columns.js'
import {cardAround, layout} from './layout.js'
import {selected} from './selection.js'

/** @import {Task} from '../tasks.js' */
/** @import {Column} from './columns.js' */

/** The tasks that a filter shows, by id; null without one. @type {Set<string> | null} */
let shown = null

/**
 * Shows only some tasks.
 * @param {string[] | null} ids null for all
 */
export function filter(ids) {
  shown = ids && new Set(ids)
  arrange()
}

/**
 * Shows a task whatever the filter says, until that is set again.
 * @param {string} id
 */
export const showDespiteFilter = id => shown?.add(id)

/** Puts every task into its column, in order, and keeps the focus where it was. */
export function arrange() {
  const focused = idOf(cardAround(document.activeElement))
  const home = columnWith(focused)
  const at = home && focused ? home.ids.indexOf(focused) : 0
  sortIntoColumns()
  // What cannot be seen is not changed along with the rest.
  for (const id of selected) if (!columnWith(id)) selected.delete(id)
  for (const column of allColumns()) showCount(column, !!shown)
  layout()
  if (focused && !cardAround(document.activeElement)) returnFocus(focused, home, at)
}

function sortIntoColumns() {
  for (const column of columns.values()) column.ids = []
  const project = pageProject().id
  for (const task of [...tasks.values()].map(current).sort(inOrder)) {
    const there = task.project_id === project && !task.deleted && !task.deleted_at
    if (there && (!shown || shown.has(task.id) || task.pending)) columns.get(task.status)?.ids.push(task.id)
  }
}

/**
 * @param {Task} a
 * @param {Task} b
 */
function inOrder(a, b) {
  if (a.rank !== b.rank) return a.rank < b.rank ? -1 : 1
  return (a.sub ?? 0) - (b.sub ?? 0) || (a.number ?? 0) - (b.number ?? 0)
}

/**
 * Gives the focus back to a card that lost it, or to the one now in its place.
 * @param {string} id
 * @param {Column | undefined} home the column it stood in
 * @param {number} at its place there
 */
function returnFocus(id, home, at) {
  const next = columnWith(id) ? id : home?.ids[Math.min(at, home.ids.length - 1)]
  leaveFocusAt(next)
  focusInPlace(titleLink(next))
}

/**
 * Shows a task that looks or stands otherwise than before.
 * @param {string} id
 */
export function taskChanged(id) {
  if (tasks.has(id)) repaintCard(id)
  arrangeSoon()
}

let arranging = false

/** Arranges once for all that changes in the same moment. */
function arrangeSoon() {
  if (arranging) return
  arranging = true
  queueMicrotask(() => {
    arranging = false
    arrange()
  })
}
