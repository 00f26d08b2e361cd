// Which tasks a command is for: those that are selected, or else the one that has
// the focus, is under the pointer, or is open.
import {selected} from './board/selection.js'
import {say} from './context.js'
import {closest, query, required} from './dom.js'
import {current, known, mayWrite, taskOf, tasks} from './tasks.js'
import {toast} from './toast.js'

/** @import {Task} from './tasks.js' */

/** The card or row under the pointer. @type {HTMLElement | null} */
let hovered = null

/** Begins to watch the pointer. */
export function startPointing() {
  addEventListener('mouseover', event => { hovered = closest(event.target, '.card, .task-row') })
}

/** @param {HTMLElement} element counts as under the pointer until that moves */
export function pointAt(element) {
  hovered = element
}

/**
 * Returns the card, row or open task that has the focus.
 * @returns {HTMLElement | null}
 */
export const focused = () => closest(document.activeElement, '.card, .task-row, #task')

/**
 * Returns the element that has the focus, or else the one that is or was under
 * the pointer.
 * @returns {HTMLElement | null}
 */
export const pointed = () => focused() ?? hovered

/**
 * Returns the same, if it is still in the page.
 * @returns {HTMLElement | null}
 */
export const pointedInPage = () => focused() ?? (hovered?.isConnected ? hovered : null)

/**
 * Returns the ids of the tasks a command is for.
 * @returns {string[]}
 */
export function targets() {
  if (selected.size) return [...selected]
  const element = pointedInPage() ?? (required('#panel').hidden ? null : query('#panel #task')) ?? query('main #task')
  const task = taskOf(element)
  return task ? [task.id] : []
}

/**
 * Makes a command of something to do with tasks. It does nothing but say so where
 * no task is meant, or one that the person may not change.
 * @param {(ids: string[], first: Task) => void} run gets the ids and the first of the tasks
 * @returns {() => void}
 */
export function onTasks(run) {
  return () => {
    const ids = targets()
    if (ids.length && ids.every(id => mayWrite(tasks.get(id)))) run(ids, current(known(ids[0])))
    else toast(say('point'))
  }
}
