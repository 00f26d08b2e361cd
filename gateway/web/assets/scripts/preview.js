// The preview of several tasks, which is confirmed before they are created.
import {say} from './context.js'
import {openDialog} from './dialog.js'
import {queryAll, queryField} from './dom.js'
import {uuid} from './uuid.js'

/** The form that each preview came from. @type {WeakMap<HTMLDialogElement, HTMLFormElement>} */
const origins = new WeakMap()

/**
 * Shows a preview, in the dialog it came from if there is one.
 * @param {HTMLElement} preview
 * @param {HTMLDialogElement | null} dialog
 * @param {HTMLFormElement} form the form that was sent
 */
export function showPreview(preview, dialog, form) {
  const shown = dialog ?? openDialog('write', say('c.new'))
  shown.replaceChildren(preview)
  if (!origins.has(shown)) origins.set(shown, form)
  for (const link of queryAll('a', preview)) {
    link.onclick = event => {
      event.preventDefault()
      shown.close()
    }
  }
  queryField('[name=confirmed]', shown)?.focus()
}

/**
 * Closes a preview whose tasks were created, and empties the form it came from.
 * @param {HTMLDialogElement} dialog
 */
export function closePreview(dialog) {
  dialog.close()
  const origin = origins.get(dialog)
  origin?.reset()
  const key = origin && queryField('[name=key]', origin)
  if (key) key.value = uuid()
}
