// Changing tasks: shown at once, and taken back if the server refuses.
import {api, refusal} from './api.js'
import {say} from './context.js'
import {show} from './paint.js'
import {current, known, learn, tasks} from './tasks.js'
import {announce, toast} from './toast.js'
import {remember} from './undo.js'

/** @import {Answer, Change} from './api.js' */
/** @import {Pending, Task} from './tasks.js' */

/** Fields whose change is refused if another person has changed them since they were seen. */
const guarded = /** @type {const} */ (['title', 'priority', 'due', 'labels'])

/**
 * Says what was done to tasks: to one with its title, to several with how many.
 * @param {string} text
 * @param {string[]} ids
 * @returns {string}
 */
export const about = (text, ids) => ids.length > 1
  ? say('many', text, ids.length)
  : [text, tasks.get(ids[0])?.title].filter(Boolean).join(': ')

/**
 * Sets fields of tasks. What the person saw of them is what is there, unless an
 * older state is given.
 * @param {string[]} ids
 * @param {Pending} fields
 * @param {string} text says what was done
 * @param {Pending} [seen]
 */
export async function change(ids, fields, text, seen) {
  const made = await Promise.all(ids.map(id => changeOne(id, fields, seen)))
  remember(about(text, ids), made)
}

/**
 * @param {string} id
 * @param {Pending} fields
 * @param {Pending} [seen]
 * @returns {Promise<Change | null>}
 */
async function changeOne(id, fields, seen) {
  const task = tasks.get(id)
  if (!task) return null
  const before = {...current(task), ...seen}
  const guards = Object.fromEntries(guarded.filter(name => name in fields).map(name => [name, before[name]]))
  task.pending = {...task.pending, ...fields}
  show(id)
  const answer = await api('PATCH', 'tasks/' + id, Object.keys(guards).length ? {...fields, seen: guards} : fields)
  settle(id, fields, answer)
  if (answer.data?.code === 'changed_meanwhile') showConflict(id, fields)
  return answer.made
}

/**
 * Assigns tasks to a person, or takes that back.
 * @param {string[]} ids
 * @param {string} account
 * @param {boolean} on
 */
export async function assign(ids, account, on) {
  const made = await Promise.all(ids.map(async id => {
    const task = known(id)
    const others = current(task).assignees.filter(assignee => assignee !== account)
    const fields = {assignees: on ? [...others, account] : others}
    task.pending = {...task.pending, ...fields}
    show(id)
    const answer = await api(on ? 'PUT' : 'DELETE', `tasks/${id}/assignees/${account}`)
    settle(id, fields, answer)
    return answer.made
  }))
  remember(about(say('changed'), ids), made)
}

/**
 * Moves tasks to the trash.
 * @param {string[]} ids
 */
export async function discard(ids) {
  const made = await Promise.all(ids.map(async id => {
    known(id).pending = {deleted: true}
    show(id)
    const answer = await api('DELETE', 'tasks/' + id)
    settle(id, {deleted: true}, answer)
    return answer.made
  }))
  remember(about(say('deleted'), ids), made)
}

/**
 * Ends the pending state of fields: the answer says what they are now. What was
 * set again meanwhile stays pending.
 * @param {string} id
 * @param {Pending} fields
 * @param {Answer} answer
 */
export function settle(id, fields, answer) {
  const task = tasks.get(id)
  if (!task) return
  forget(task, /** @type {(keyof Pending)[]} */ (Object.keys(fields)).filter(name => task.pending?.[name] === fields[name]))
  if (answer.ok) learn(answer.data)
  else if (answer.data?.code !== 'changed_meanwhile') {
    toast(refusal(answer))
    announce(refusal(answer))
  }
  show(id)
}

/**
 * Makes fields of a task no longer pending.
 * @param {Task} task
 * @param {(keyof Pending)[]} names
 */
export function forget(task, names) {
  for (const name of names) delete task.pending?.[name]
  if (!Object.keys(task.pending ?? {}).length) delete task.pending
}

/**
 * Shows what another person has changed fields to meanwhile, each with a button that
 * overwrites it.
 * @param {string} id
 * @param {Pending} fields
 */
async function showConflict(id, fields) {
  const answer = await api('GET', 'tasks/' + id)
  if (!answer.ok) {
    toast(refusal(answer))
    return
  }
  learn(answer.data)
  show(id)
  for (const [name, mine] of Object.entries(fields)) {
    toast(say('conflict', valueText(answer.data[name]), valueText(mine)), say('useMine'),
      () => change([id], {[name]: mine}, say('changed')))
  }
}

/**
 * @param {any} value
 * @returns {string}
 */
const valueText = value => [value].flat().join(', ') || say('none')
