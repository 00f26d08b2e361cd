// Creating tasks.
import {fetchPersistently} from './api.js'
import {about} from './change.js'
import {say} from './context.js'
import {query} from './dom.js'
import {show} from './paint.js'
import {enqueue} from './queue.js'
import {learn, tasks} from './tasks.js'
import {remember} from './undo.js'

/** @import {Task} from './tasks.js' */

/** The tasks that were created, or why none was. @typedef {{made: Task[], wrong?: string}} Created */

/**
 * Creates the tasks of a form's lines. They take the place of the one that was
 * shown meanwhile.
 * @param {string} address
 * @param {URLSearchParams} body
 * @param {string} [meanwhile] the id of the task that was shown
 * @returns {Promise<Created>}
 */
export const create = (address, body, meanwhile = '') => enqueue('new', async () => {
  const answer = await fetchPersistently(address, {method: 'POST', body, headers: {Accept: 'application/json'}}).catch(() => null)
  const text = await answer?.text().catch(() => null)
  tasks.delete(meanwhile)
  if (text && answer?.ok && answer.headers.get('Content-Type')?.startsWith('application/json')) return {made: created(JSON.parse(text))}
  return {made: [], wrong: reasonIn(text)}
})

/**
 * @param {any[]} answers tasks as the API has them
 * @returns {Task[]}
 */
function created(answers) {
  const made = answers.map(learn)
  remember(about(say('created'), made.map(task => task.id)), made.map(task => ({path: 'tasks/' + task.id, revision: task.revision})))
  for (const task of made) show(task.id)
  return made
}

/**
 * Finds why nothing was created in the page that says so.
 * @param {string | null | undefined} text
 * @returns {string}
 */
function reasonIn(text) {
  const page = text && new DOMParser().parseFromString(text, 'text/html')
  return page && query('.wrong, .what, .bad', page)?.textContent || say('offline')
}
