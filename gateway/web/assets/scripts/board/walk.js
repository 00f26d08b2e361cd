// Going from card to card by keys.
import {focusInPlace} from '../dom.js'
import {idOf} from '../tasks.js'
import {cards, focusLeftAt, titleLink} from './cards.js'
import {allColumns, columnWith} from './columns.js'
import {cardAround, heightOf, layout} from './layout.js'

/** @import {Column} from './columns.js' */

/**
 * Brings the card of a task into sight and focuses it.
 * @param {string | undefined} id
 */
export function reveal(id) {
  const column = columnWith(id)
  if (!id || !column) return
  if (!cards.has(id)) scrollTo(column, id)
  cards.get(id)?.scrollIntoView({inline: 'nearest', block: 'nearest'})
  focusInPlace(titleLink(id))
}

/**
 * Scrolls a column so that a card is a third below its top.
 * @param {Column} column
 * @param {string} id
 */
function scrollTo(column, id) {
  const above = column.ids.slice(0, column.ids.indexOf(id)).reduce((sum, other) => sum + heightOf(other), 0)
  column.list.scrollTop = above - column.list.clientHeight / 3
  layout([column])
}

/**
 * Goes to another card of the column, or beside it; to the first of the board if
 * no card has or had the focus.
 * @param {number} right in columns that have cards
 * @param {number} down
 */
export function step(right, down) {
  const id = idOf(cardAround(document.activeElement)) ?? focusLeftAt()
  const filled = allColumns().filter(column => column.ids.length)
  const from = id ? filled.findIndex(column => column.ids.includes(id)) : -1
  if (!id || from < 0) {
    reveal(filled[0]?.ids[0])
    return
  }
  const ids = filled[from + right]?.ids ?? []
  reveal(ids[Math.min(ids.length - 1, Math.max(0, filled[from].ids.indexOf(id) + down))])
}
