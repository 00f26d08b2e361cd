// The cards that are in the page, whichever column they stand in.
import {required, query} from '../dom.js'
import {paint} from '../paint.js'
import {known} from '../tasks.js'

/** The cards by task. @type {Map<string, HTMLElement>} */
export const cards = new Map()

/** The task whose card had the focus when it went out of sight. @type {string | undefined} */
let leftAt

/** Returns the task whose card had the focus when it went out of sight. */
export const focusLeftAt = () => leftAt

/** @param {string | undefined} id */
export function leaveFocusAt(id) {
  leftAt = id
}

/**
 * Returns what of a card takes the focus.
 * @param {string | undefined} id
 * @returns {HTMLElement | null}
 */
export const titleLink = id => query(`#t-${id} a.title`)

/**
 * Makes the card of a task.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function makeCard(id) {
  const template = /** @type {HTMLTemplateElement} */ (required('#card-template'))
  const card = /** @type {HTMLElement} */ (required('.card', template.content).cloneNode(true))
  card.id = 't-' + id
  card.dataset.id = id
  paint(card, known(id))
  cards.set(id, card)
  return card
}

/**
 * Paints the card of a task again, after which its height may differ.
 * @param {string} id
 */
export function repaintCard(id) {
  const card = cards.get(id)
  if (!card) return
  const task = known(id)
  paint(card, task)
  delete task.height
}

/**
 * Makes a card light up for a moment, for people who do not mind motion.
 * @param {string} id
 */
export function flash(id) {
  const card = query('#t-' + id)
  if (!card || matchMedia('(prefers-reduced-motion: reduce)').matches) return
  card.classList.remove('fresh')
  void card.offsetWidth // so that it begins again
  card.classList.add('fresh')
}
