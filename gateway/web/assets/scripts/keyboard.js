// Keys that run commands, wherever the focus is.
import {commands, escape} from './commands.js'
import {onBoard} from './context.js'
import {closest} from './dom.js'

/** What keys are called in the table of commands, if not as the browser calls them. @type {Record<string, string>} */
const names = {' ': 'Space', ArrowDown: '↓', ArrowUp: '↑', ArrowLeft: '←', ArrowRight: '→'}

const byKey = new Map(commands.flatMap(command => command.keys.map(key => [key.toLowerCase(), command])))

/** Begins to run commands by their keys. */
export function startKeyboard() {
  addEventListener('keydown', event => {
    if (event.isComposing || event.defaultPrevented) return
    const writing = closest(event.target, 'input:not([type=checkbox]), textarea, select, dialog')
    if (event.ctrlKey || event.metaKey || event.altKey) combination(event, !!writing)
    else if (writing) leave(event, writing)
    else single(event)
  })
}

/**
 * Runs a command of several keys. While the person is writing, only the palette opens.
 * @param {KeyboardEvent} event
 * @param {boolean} writing
 */
function combination(event, writing) {
  const key = `ctrl+${event.shiftKey ? 'shift+' : ''}${event.key.toLowerCase()}`
  const command = byKey.get(key)
  if (event.altKey || !command || writing && key !== 'ctrl+k') return
  event.preventDefault()
  command.run()
}

/**
 * Leaves a field, or closes the menu around it, on Escape. Dialogs do that themselves.
 * @param {KeyboardEvent} event
 * @param {HTMLElement} field
 */
function leave(event, field) {
  if (event.key !== 'Escape' || closest(field, 'dialog')) return
  if (closest(event.target, '.menu')) escape()
  else if (event.target instanceof HTMLElement) event.target.blur()
}

/**
 * Runs a command of one key.
 * @param {KeyboardEvent} event
 */
function single(event) {
  const key = (names[event.key] ?? event.key).toLowerCase()
  const command = byKey.get(key)
  // A link that has the focus is followed by Enter anyway.
  if (!command || command.board && !onBoard || key === 'enter' || belongsToPage(key, event.target)) return
  event.preventDefault()
  command.run()
}

/**
 * Reports whether a key has a meaning of its own where the focus is: arrows and
 * space scroll, except on a board, and space presses buttons.
 * @param {string} key
 * @param {EventTarget | null} target
 */
function belongsToPage(key, target) {
  if (key === 'space' && closest(target, 'button, summary')) return true
  return ['space', '↓', '↑', '←', '→'].includes(key) && !closest(target, '#board')
}
