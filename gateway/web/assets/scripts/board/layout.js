// Of thousands of cards only those in sight are in the page, with space in place
// of the others.
import {closest, focusInPlace, moveBefore, queryAll} from '../dom.js'
import {idOf, known, tasks} from '../tasks.js'
import {cards, leaveFocusAt, makeCard} from './cards.js'
import {allColumns} from './columns.js'
import {dragged, selected} from './selection.js'

/** @import {Column} from './columns.js' */

/** Between two cards, in pixels. */
const gap = 8

/** How far out of sight a card is still in the page, in pixels. */
const margin = 500

/** The height of a card that has not been measured yet, in pixels. */
const usualHeight = 78

/**
 * What of a column is in sight.
 * @typedef {object} View
 * @property {Column} column
 * @property {string[]} ids
 * @property {number} first the place of the first of them, from 0
 * @property {number} above the height of the cards before them
 * @property {number} below the height of the cards after them
 */

/**
 * Returns the height of a card and the gap below it, in pixels.
 * @param {string} id
 * @returns {number}
 */
export const heightOf = id => (tasks.get(id)?.height || usualHeight) + gap

/**
 * Puts the cards in sight into their columns.
 * @param {Column[]} [columns] those to look at
 */
export function layout(columns = allColumns()) {
  const views = columns.map(viewOf)
  removeOthers(columns, new Set(views.flatMap(view => view.ids)))
  for (const view of views) putCards(view)
  // All are measured at once, so that the browser lays them out once.
  for (const id of views.flatMap(view => view.ids)) {
    const task = known(id)
    if (!task.height) task.height = cards.get(id)?.offsetHeight
  }
}

/**
 * @param {Column} column
 * @returns {View}
 */
function viewOf(column) {
  const {list} = column
  const begin = list.scrollTop - margin
  const end = list.scrollTop + list.clientHeight + margin
  /** @type {View} */
  const view = {column, ids: [], first: 0, above: 0, below: 0}
  let y = 0
  for (const [i, id] of column.ids.entries()) {
    const height = heightOf(id)
    if (y + height < begin) {
      view.above += height
      view.first = i + 1
    } else if (y > end) view.below += height
    else view.ids.push(id)
    y += height
  }
  return view
}

/**
 * Removes cards that are not in sight. The focus of one stays in its column.
 * @param {Column[]} columns
 * @param {Set<string>} inSight
 */
function removeOthers(columns, inSight) {
  for (const {list} of columns) {
    for (const card of queryAll('.card', list)) {
      const id = idOf(card)
      if (id && inSight.has(id)) continue
      if (card.contains(document.activeElement)) {
        focusInPlace(list)
        leaveFocusAt(id)
      }
      card.remove()
      if (id) cards.delete(id)
    }
  }
}

/** @param {View} view */
function putCards({column, ids, first, above, below}) {
  const {list, top, bottom} = column
  let at = top.nextElementSibling
  for (const [i, id] of ids.entries()) {
    const card = cards.get(id) ?? makeCard(id)
    card.toggleAttribute('data-picked', selected.has(id))
    card.classList.toggle('lifted', dragged.has(id))
    card.ariaSetSize = String(column.ids.length)
    card.ariaPosInSet = String(first + i + 1)
    if (at?.className === 'gap') at = at.nextElementSibling // where a dragged card would go
    if (card === at) at = at.nextElementSibling
    else moveBefore(list, card, at)
  }
  top.style.height = above + 'px'
  bottom.style.height = below + 'px'
}

/**
 * Returns the card that an element is in.
 * @param {EventTarget | null} element
 * @returns {HTMLElement | null}
 */
export const cardAround = element => closest(element, '.card')
