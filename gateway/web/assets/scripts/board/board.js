// The board: thousands of cards, of which the page comes with the first.
import {api} from '../api.js'
import {pageProject} from '../context.js'
import {queryAll, required} from '../dom.js'
import {morph} from '../morph.js'
import {onSignal} from '../signals.js'
import {idOf, learn, taskOf, tasks} from '../tasks.js'
import {arrange, taskChanged} from './arrange.js'
import {cards, repaintCard} from './cards.js'
import {boardElement, columnOf, columns, makeSpace} from './columns.js'
import {startDragging} from './drag.js'
import {layout} from './layout.js'
import {startQuickAdd} from './quick_add.js'

/** @import {Column} from './columns.js' */

/** How long after a failed attempt the cards are asked for again, in milliseconds. */
const retryAfter = 3000

/** Begins to run the board that the page has. */
export function startBoard() {
  startDragging()
  addEventListener('resize', arrange)
  onSignal('changed', taskChanged)
  adoptColumns()
}

/** Takes over the columns that the page has; those it had before stay as they are. */
function adoptColumns() {
  const before = new Map(columns)
  columns.clear()
  for (const element of queryAll('.column', boardElement())) {
    const key = element.dataset.status ?? ''
    columns.set(key, before.get(key) ?? adopt(element, key))
  }
  for (const form of queryAll('.column .add:not([data-own])', boardElement())) {
    startQuickAdd(/** @type {HTMLFormElement} */ (form), columnOf(form.parentElement?.dataset.status ?? ''))
  }
}

/**
 * Takes over a column and the cards it came with.
 * @param {HTMLElement} element
 * @param {string} key
 * @returns {Column}
 */
function adopt(element, key) {
  const list = required('.cards', element)
  const column = {key, element, list, ids: [], top: makeSpace(), bottom: makeSpace()}
  for (const card of queryAll('.card', list)) {
    taskOf(card)
    cards.set(idOf(card) ?? '', card)
  }
  /** @type {number | undefined} */
  let due
  list.addEventListener('scroll', () => {
    due ??= requestAnimationFrame(() => {
      due = undefined
      scrolled(column)
    })
  }, {passive: true})
  list.prepend(column.top)
  list.append(column.bottom)
  return column
}

/** @param {Column} column */
function scrolled(column) {
  const {list} = column
  const atEnd = list.scrollTop + list.clientHeight > list.scrollHeight - 2
  layout([column])
  // The end is where it is seen to be, once the cards there are.
  if (atEnd) list.scrollTop = 1e9
}

/**
 * Gives the board the columns of a newer page. Cards, and what is being written,
 * stay.
 * @param {HTMLElement} next
 */
export function reshape(next) {
  for (const element of queryAll('.column', next)) {
    const list = columns.get(element.dataset.status ?? '')?.list
    if (list) required('.cards', element).replaceWith(list.cloneNode(true))
  }
  morph(boardElement(), next)
  for (const [key, {element}] of columns) if (!element.isConnected) columns.delete(key)
  adoptColumns()
  return fill()
}

/**
 * Asks for all cards.
 * @returns {Promise<boolean>} whether they came
 */
export async function fill() {
  const before = [...tasks.keys()]
  const project = pageProject().id
  const answer = await api('GET', `projects/${project}/board`)
  for (const link of queryAll('.more', boardElement())) link.remove()
  if (answer.ok) learnAll(answer.data, project, before)
  for (const id of cards.keys()) if (tasks.has(id)) repaintCard(id)
  arrange()
  boardElement().dataset.ready = ''
  performance.mark('interactive')
  if (!answer.ok) setTimeout(fill, retryAfter)
  return answer.ok
}

/**
 * Learns a whole board, and forgets what is no longer on it.
 * @param {any} board as the API has it
 * @param {string} project
 * @param {string[]} before the tasks that were known when it was asked for: what was heard of since need not be on it
 */
function learnAll(board, project, before) {
  const there = new Set()
  for (const column of board.columns) {
    for (const card of column.tasks) {
      learn({...card, project_id: project})
      there.add(card.id)
    }
  }
  for (const id of before) if (!there.has(id) && !tasks.get(id)?.pending) tasks.delete(id)
}
