// The columns of the board, and which tasks stand in them.
import {pageProject} from '../context.js'
import {make, required} from '../dom.js'

/**
 * @typedef {object} Column
 * @property {string} key of its status
 * @property {HTMLElement} element
 * @property {HTMLElement} list where its cards are
 * @property {string[]} ids of all its tasks, in order
 * @property {HTMLElement} top in place of the cards above those in the page
 * @property {HTMLElement} bottom in place of the cards below
 */

/** The columns by status, in the order of the board. @type {Map<string, Column>} */
export const columns = new Map()

/** Returns the element of the board. */
export const boardElement = () => required('#board')

/** @returns {Column[]} */
export const allColumns = () => [...columns.values()]

/**
 * Returns a column that must be there.
 * @param {string} status
 * @returns {Column}
 */
export function columnOf(status) {
  const column = columns.get(status)
  if (!column) throw new Error(`The board has no column ${status}.`)
  return column
}

/**
 * Returns the column that a task stands in.
 * @param {string | undefined} id
 * @returns {Column | undefined}
 */
export const columnWith = id => id ? allColumns().find(column => column.ids.includes(id)) : undefined

/** @param {string} key */
const statusOf = key => pageProject().statuses.find(status => status.key === key)

/**
 * Returns the name of a column.
 * @param {string} key
 * @returns {string}
 */
export const columnName = key => statusOf(key)?.name ?? key

/**
 * Shows how many tasks a column has. What is found is not what is there, so a
 * filter leaves its limit out.
 * @param {Column} column
 * @param {boolean} filtered
 */
export function showCount(column, filtered) {
  const limit = filtered ? 0 : statusOf(column.key)?.limit ?? 0
  const count = column.ids.length
  const element = required('.count', column.element)
  element.textContent = limit ? `${count} / ${limit}` : String(count)
  element.classList.toggle('over', limit > 0 && count > limit)
}

/** Makes what stands in place of cards that are not in the page. */
export const makeSpace = () => make('li', {className: 'space', ariaHidden: 'true'})
