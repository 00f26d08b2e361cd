// Short messages in the corner of the page, and announcements for screen readers only.
import {make, required} from './dom.js'

/** How long a message stays, in milliseconds: longer with a button in it. */
const shownFor = 6000
const shownForWithButton = 12000

/**
 * Shows a message, with a button if it has a label and an action. At most three
 * are shown at once.
 * @param {string} text
 * @param {string} [label]
 * @param {() => void} [action]
 * @returns {HTMLElement}
 */
export function toast(text, label = '', action) {
  const toasts = required('#toasts')
  const line = make('div', {className: 'toast'}, make('span', {}, text))
  if (action) {
    line.append(make('button', {className: 'plain', onclick() {
      line.remove()
      action()
    }}, label))
  }
  while (toasts.children.length > 2) toasts.firstChild?.remove()
  toasts.append(line)
  setTimeout(() => line.remove(), action ? shownForWithButton : shownFor)
  return line
}

/**
 * Tells screen readers.
 * @param {string} text
 */
export const announce = text => required('#said').replaceChildren(make('p', {}, text))
