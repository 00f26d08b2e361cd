// What is known of the tasks on a page, wherever they are shown.
import {context} from './context.js'

/** @import {ListedProject, Project, Status} from './context.js' */

/**
 * What a task is being changed to: shown at once, and forgotten once it is known
 * what became of it.
 * @typedef {Partial<Task> & {deleted?: boolean}} Pending
 */

/**
 * @typedef {object} Task
 * @property {string} id
 * @property {string} project_id
 * @property {number | undefined} number 0 while it is being created
 * @property {string} title
 * @property {string} status
 * @property {string} priority
 * @property {string | null} [due]
 * @property {string[]} labels
 * @property {string[]} assignees
 * @property {number} comments
 * @property {string} rank
 * @property {number} revision
 * @property {string | null} [deleted_at]
 * @property {Pending} [pending]
 * @property {number} [sub] its place among tasks of one rank, until the server gives it one of its own
 * @property {number} [height] of its card, in pixels
 */

/** All tasks that are known, by id. @type {Map<string, Task>} */
export const tasks = new Map()

/**
 * Returns the id of the task that an element shows.
 * @param {HTMLElement | null | undefined} element
 * @returns {string | undefined}
 */
export const idOf = element => element?.dataset.task ? JSON.parse(element.dataset.task).id : element?.dataset.id

/**
 * Returns what is known of the task that an element shows, and first learns what
 * the page says of it there.
 * @param {HTMLElement | null | undefined} element
 * @returns {Task | undefined}
 */
export function taskOf(element) {
  const id = idOf(element)
  if (!id) return undefined
  if (element?.dataset.task) {
    const shown = JSON.parse(element.dataset.task)
    const before = tasks.get(id)
    if (!before || shown.revision > before.revision) tasks.set(id, {...before, ...shown})
  }
  return tasks.get(id)
}

/**
 * Learns what an answer says of a task, unless something newer is known.
 * @param {any} data a task as the API has it
 * @returns {Task}
 */
export function learn(data) {
  const before = tasks.get(data.id)
  if (before && before.revision > data.revision) return before
  const {description: _, ...rest} = data // it can be long, and is shown nowhere
  const task = {
    ...before, deleted_at: null, ...rest,
    number: data.number ?? before?.number, comments: data.comments ?? before?.comments ?? 0,
  }
  tasks.set(task.id, task)
  return task
}

/**
 * Returns a task as it will be once its pending changes are saved.
 * @param {Task} task
 * @returns {Task & {deleted?: boolean}}
 */
export const current = task => ({...task, ...task.pending})

/**
 * Returns a task that must be known.
 * @param {string} id
 * @returns {Task}
 */
export function known(id) {
  const task = tasks.get(id)
  if (!task) throw new Error(`Task ${id} is not known.`)
  return task
}

/**
 * @param {Task | undefined} task
 * @returns {Project | ListedProject | undefined}
 */
const projectOf = task => context.project ?? context.projects.find(project => project.id === task?.project_id)

/**
 * Returns the statuses a task can have.
 * @param {Task} task
 * @returns {Status[]}
 */
export const statusesOf = task => projectOf(task)?.statuses ?? []

/**
 * Reports whether the person may change a task.
 * @param {Task | undefined} task
 * @returns {boolean}
 */
export const mayWrite = task => projectOf(task)?.writes ?? false
