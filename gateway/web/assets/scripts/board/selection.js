// Selected cards, which commands and drags are for together.
import {say} from '../context.js'
import {query} from '../dom.js'
import {announce} from '../toast.js'
import {allColumns} from './columns.js'

/** The selected tasks, by id. @type {Set<string>} */
export const selected = new Set()

/** The tasks that are being dragged, by id. @type {Set<string>} */
export const dragged = new Set()

/**
 * Selects a task, or no longer.
 * @param {string} id
 * @param {boolean} [on] by default the other way round
 */
export function select(id, on = !selected.has(id)) {
  if (on) selected.add(id)
  else selected.delete(id)
  query('#t-' + id)?.toggleAttribute('data-picked', on)
  announce(say('selected', selected.size))
}

/** Selects nothing. */
export function unselect() {
  for (const id of selected) select(id, false)
}

/**
 * Returns what moves with a task: all that are selected, in their order, if it is
 * one of them.
 * @param {string} id
 * @returns {string[]}
 */
export const withSelection = id => selected.has(id)
  ? allColumns().flatMap(column => column.ids).filter(other => selected.has(other))
  : [id]
