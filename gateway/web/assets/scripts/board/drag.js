// Dragging cards by mouse or finger. A finger has to rest first, or it scrolls.
import {pageProject} from '../context.js'
import {closest, make, queryAll} from '../dom.js'
import {idOf} from '../tasks.js'
import {boardElement, columns} from './columns.js'
import {cardAround, layout} from './layout.js'
import {place} from './place.js'
import {dragged, withSelection} from './selection.js'

/** @import {Column} from './columns.js' */

/** How far the pointer moves before it drags, in pixels. */
const threshold = 5

/** How long a finger rests before it drags, in milliseconds. */
const rest = 350

/** Within how many pixels of an edge dragging scrolls, and by how many a frame. */
const edge = 40
const scrollStep = 12

/** How long after a drag a click belongs to it, in milliseconds. */
const clickAfter = 50

/**
 * A pointer that is down on a card.
 * @typedef {object} Press
 * @property {HTMLElement} card
 * @property {string} id
 * @property {number} x
 * @property {number} y
 * @property {boolean} touch
 * @property {number} [timer]
 */

/**
 * A drag.
 * @typedef {object} Drag
 * @property {string[]} ids
 * @property {HTMLElement} ghost follows the pointer
 * @property {HTMLElement} gap shows where the cards would go
 * @property {number} offsetX of the pointer in the card
 * @property {number} offsetY
 * @property {number} x of the pointer
 * @property {number} y
 * @property {number} frame
 * @property {{status: string, before: string | undefined}} [to] where the cards would go
 */

/** @type {Press | null} */
let press = null

/** @type {Drag | null} */
let dragging = null

/** When the last drag ended. */
let ended = -Infinity

/** Begins to let cards be dragged. */
export function startDragging() {
  const board = boardElement()
  addEventListener('click', ignoreClickOfDrag, true)
  board.addEventListener('pointerdown', pressed)
  addEventListener('pointermove', pointerMoved)
  addEventListener('pointerup', event => {
    follow(event)
    end(true)
  })
  addEventListener('pointercancel', () => end(false))
  addEventListener('touchmove', event => { if (dragging) event.preventDefault() }, {passive: false})
  addEventListener('keydown', event => {
    if (!dragging || event.key !== 'Escape') return
    event.stopImmediatePropagation()
    end(false)
  }, true)
  board.addEventListener('dragstart', event => event.preventDefault())
  board.addEventListener('contextmenu', event => { if (press?.touch || dragging) event.preventDefault() })
}

/**
 * The click that ends a drag is none on the card's link.
 * @param {MouseEvent} event
 */
function ignoreClickOfDrag(event) {
  if (event.timeStamp - ended >= clickAfter) return
  event.preventDefault()
  event.stopPropagation()
}

/** @param {PointerEvent} event */
function pressed(event) {
  const card = cardAround(event.target)
  const id = idOf(card)
  if (!card || !id || event.button || !pageProject().writes || closest(event.target, 'input,button,textarea')) return
  press = {card, id, x: event.clientX, y: event.clientY, touch: event.pointerType !== 'mouse'}
  if (press.touch) press.timer = setTimeout(() => { if (press) begin(press, press.x, press.y) }, rest)
}

/** @param {PointerEvent} event */
function pointerMoved(event) {
  if (dragging) {
    dragging.x = event.clientX
    dragging.y = event.clientY
    return
  }
  if (!press || Math.hypot(event.clientX - press.x, event.clientY - press.y) < threshold) return
  if (press.touch) end(false)
  else begin(press, event.clientX, event.clientY)
}

/** @param {PointerEvent} event */
function follow(event) {
  if (!dragging) return
  dragging.x = event.clientX
  dragging.y = event.clientY
  showFrame()
}

/**
 * Begins to drag a card, with all that is selected if it is.
 * @param {Press} from
 * @param {number} x
 * @param {number} y
 */
function begin(from, x, y) {
  const ids = withSelection(from.id)
  const box = from.card.getBoundingClientRect()
  const gap = make('li', {className: 'gap', ariaHidden: 'true'})
  gap.style.height = box.height + 'px'
  const ghost = makeGhost(from.card, box.width, ids.length)
  dragging = {ids, ghost, gap, offsetX: from.x - box.left, offsetY: from.y - box.top, x, y, frame: 0}
  for (const id of ids) dragged.add(id)
  // It begins where the card was, or the next one would slip into its place.
  from.card.before(gap)
  layout()
  document.body.classList.add('dragging')
  getSelection()?.removeAllRanges()
  showFrame()
}

/**
 * Makes a likeness of a card that follows the pointer.
 * @param {HTMLElement} card
 * @param {number} width
 * @param {number} count of cards that are dragged
 */
function makeGhost(card, width, count) {
  const ghost = /** @type {HTMLElement} */ (card.cloneNode(true))
  ghost.removeAttribute('id')
  ghost.classList.add('ghost')
  if (count > 1) ghost.append(make('b', {className: 'tally'}, String(count)))
  ghost.style.width = width + 'px'
  document.body.append(ghost)
  return ghost
}

/** Shows the drag as it is now, frame by frame until it ends. */
function showFrame() {
  if (!dragging) return
  const {ghost, x, y, offsetX, offsetY} = dragging
  ghost.style.translate = `${x - offsetX}px ${y - offsetY}px`
  const column = columns.get(closest(document.elementFromPoint(x, y), '.column')?.dataset.status ?? '')
  if (column) aimAt(dragging, column)
  const box = boardElement().getBoundingClientRect()
  if (x > box.right - edge) boardElement().scrollLeft += scrollStep
  if (x < box.left + edge) boardElement().scrollLeft -= scrollStep
  dragging.frame = requestAnimationFrame(showFrame)
}

/**
 * Shows where in a column the cards would go.
 * @param {Drag} drag
 * @param {Column} column
 */
function aimAt(drag, {key, list, bottom}) {
  const {y, ids, gap} = drag
  const box = list.getBoundingClientRect()
  if (y < box.top + edge) list.scrollTop -= scrollStep
  if (y > box.bottom - edge) list.scrollTop += scrollStep
  const next = queryAll('.card', list).find(card => {
    const {top, height} = card.getBoundingClientRect()
    return !ids.includes(idOf(card) ?? '') && y < top + height / 2
  })
  drag.to = {status: key, before: idOf(next)}
  const spot = next ?? bottom
  if (gap.nextSibling !== spot) list.insertBefore(gap, spot)
}

/**
 * Ends the press and the drag.
 * @param {boolean} drop
 */
function end(drop) {
  clearTimeout(press?.timer)
  press = null
  if (!dragging) return
  const {ids, ghost, gap, to, frame} = dragging
  dragging = null
  dragged.clear()
  cancelAnimationFrame(frame)
  ghost.remove()
  gap.remove()
  document.body.classList.remove('dragging')
  layout()
  if (drop && to) place(ids, to.status, to.before)
  ended = performance.now()
}
