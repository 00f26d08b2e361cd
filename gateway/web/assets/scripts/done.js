// What a page says was done by the form that led to it.
import {query} from './dom.js'
import {toast} from './toast.js'
import {remember} from './undo.js'

/**
 * Shows what a page says was done, with a way to undo it. The server says it
 * once, on whichever page is asked for first.
 * @param {Document} page
 */
export function showDone(page) {
  const done = query('#done', page)
  if (!done) return
  const form = query('form', done)
  const text = query('span', done)?.textContent ?? ''
  done.remove()
  if (form?.dataset.undo) remember(text, [{path: form.dataset.undo, revision: Number(form.dataset.revision)}])
  else toast(text).append(form ?? '')
}
