// Adding a task at the foot of a column: shown at once, created by the same form
// that works without script.
import {pageProject, say} from '../context.js'
import {create} from '../create.js'
import {query, required} from '../dom.js'
import {tasks} from '../tasks.js'
import {toast} from '../toast.js'
import {uuid} from '../uuid.js'
import {arrange, showDespiteFilter} from './arrange.js'

/** @import {Created} from '../create.js' */
/** @import {Task} from '../tasks.js' */
/** @import {Column} from './columns.js' */

/** @type {Promise<Created> | undefined} */
let creating

/**
 * Returns what is being created. Until it is known which task that is, the feed
 * would show it a second time.
 */
export const adding = () => creating

/** Counts what is added, to show it in that order. */
let added = 0

/**
 * Takes over the form of a column.
 * @param {HTMLFormElement} form
 * @param {Column} column
 */
export function startQuickAdd(form, column) {
  const box = /** @type {HTMLTextAreaElement} */ (required('textarea', form))
  form.dataset.own = ''
  box.addEventListener('keydown', event => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault()
      form.requestSubmit()
    }
    if (event.key === 'Escape') box.blur()
  })
  form.addEventListener('submit', event => {
    const text = box.value.trim()
    if (text.includes('\n')) return // several are shown first, see forms.js
    event.preventDefault()
    event.stopPropagation()
    if (text) add(form, box, column, text)
  })
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLTextAreaElement} box
 * @param {Column} column
 * @param {string} text
 */
async function add(form, box, column, text) {
  const key = /** @type {HTMLInputElement} */ (required('[name=key]', form))
  const body = new URLSearchParams(/** @type {any} */ (new FormData(form)))
  const task = provisional(text, column.key)
  tasks.set(task.id, task)
  box.value = ''
  delete form.dataset.dirty
  key.value = uuid()
  query('#teach')?.remove()
  arrange()
  column.list.scrollTop = column.list.scrollHeight
  creating = create(form.action, body, task.id)
  const {made, wrong} = await creating
  for (const {id} of made) showDespiteFilter(id)
  if (wrong) {
    toast(say('refused', wrong))
    // Once more is the same command, unless the text is changed.
    if (!box.value) key.value = body.get('key') ?? ''
    box.value = [text, box.value].filter(Boolean).join('\n')
  }
  arrange()
}

/**
 * Makes what is shown of a task until it is created: at the end of its column.
 * @param {string} title
 * @param {string} status
 * @returns {Task}
 */
function provisional(title, status) {
  return {
    id: uuid(), project_id: pageProject().id, number: 0, title, status, priority: 'none', labels: [], assignees: [], comments: 0,
    rank: '~', sub: ++added, revision: 0, pending: {title},
  }
}
