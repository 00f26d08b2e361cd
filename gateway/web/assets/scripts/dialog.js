// Dialogs.
import {make} from './dom.js'

/**
 * Shows a dialog, which is removed once it is closed. A click beside it closes it.
 * @param {string} id
 * @param {string} title
 * @param {...(Node | string)} content
 * @returns {HTMLDialogElement}
 */
export function openDialog(id, title, ...content) {
  const dialog = make('dialog', {id, ariaLabel: title}, ...content)
  dialog.onclose = () => dialog.remove()
  dialog.onclick = event => { if (event.target === dialog) dialog.close() }
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}
