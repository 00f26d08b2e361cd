// Showing tasks. Cards, rows and the panel have the same parts, each those it
// needs; the server fills the same ones (face in layout.templ).
import {context, say} from './context.js'
import {dayText, isoDay} from './days.js'
import {make, query, queryAll, queryField} from './dom.js'
import {signal} from './signals.js'
import {current, statusesOf, tasks} from './tasks.js'

/** @import {Task} from './tasks.js' */

/**
 * What fills each part, by the selector that finds it.
 * @type {Record<string, (part: HTMLElement, task: Task) => void>}
 */
const parts = {
  'a.title:not(.open)': paintTitle,
  '.facts > .number': paintNumber,
  'span.priority': paintPriority,
  'time.due': paintDue,
  'span.labels, td.labels': paintLabels,
  '.said': paintComments,
  '.people': paintPeople,
  'span.status': paintStatus,
}

/**
 * Fills an element with a task.
 * @param {HTMLElement} element
 * @param {Task} task
 */
export function paint(element, task) {
  const shown = current(task)
  for (const [selector, fill] of Object.entries(parts)) {
    const part = query(selector, element)
    if (part) fill(part, shown)
  }
  paintFields(element, shown)
  element.classList.toggle('pending', Object.keys(shown.pending ?? {}).length > 0)
}

/**
 * Shows a task wherever it stands, as it is now.
 * @param {string} id
 */
export function show(id) {
  const task = tasks.get(id)
  if (task) for (const element of queryAll(`[id="t-${id}"],#task[data-href$="${id}"]`)) paint(element, task)
  signal('changed', id)
}

/**
 * Returns the class of the color that stands for a text, as the server picks it too.
 * @param {string} text
 * @returns {string}
 */
function hue(text) {
  let sum = 0
  for (const letter of text) sum = (sum * 31 + Number(letter.codePointAt(0))) % 9973
  return 'hue' + sum % 8
}

/** @param {HTMLElement} part @param {Task} task */
function paintTitle(part, task) {
  const link = /** @type {HTMLAnchorElement} */ (part)
  link.textContent = task.title
  link.href = '/tasks/' + task.id
}

/** @param {HTMLElement} part @param {Task} task */
function paintNumber(part, task) {
  part.textContent = task.number ? '#' + task.number : ''
}

/** @param {HTMLElement} part @param {Task} task */
function paintPriority(part, task) {
  part.className = 'priority ' + task.priority
  part.textContent = task.priority === 'none' ? '' : say('p.' + task.priority)
}

/** @param {HTMLElement} part @param {Task} task */
function paintDue(part, task) {
  const time = /** @type {HTMLTimeElement} */ (part)
  time.className = 'due' + urgency(task)
  time.dateTime = task.due ?? ''
  time.textContent = task.due ? dayText(task.due) : ''
}

/**
 * Returns the class, after a space, for how soon a task is due: none if it is done.
 * @param {Task} task
 */
function urgency(task) {
  const done = statusesOf(task).find(status => status.key === task.status)?.done
  if (!task.due || done) return ''
  if (task.due < isoDay()) return ' late'
  return task.due <= isoDay(1) ? ' soon' : ''
}

/** @param {HTMLElement} part @param {Task} task */
function paintLabels(part, task) {
  part.replaceChildren(...task.labels.map(label => make('span', {className: 'label ' + hue(label), dir: 'auto'}, label)))
}

/** @param {HTMLElement} part @param {Task} task */
function paintComments(part, task) {
  part.textContent = task.comments ? say('comment', task.comments) : ''
}

/** @param {HTMLElement} part @param {Task} task */
function paintPeople(part, task) {
  const people = new Map(context.people.map(person => [person.id, person]))
  const assigned = task.assignees.map(id => people.get(id) ?? {id, name: '?', initials: '?'})
  part.replaceChildren(
    ...assigned.map(({id, name, initials}) => make('span', {className: 'avatar ' + hue(id), title: name, ariaHidden: 'true'}, initials)),
    make('span', {className: 'hush'}, assigned.map(person => person.name).join(', ')))
}

/** @param {HTMLElement} part @param {Task} task */
function paintStatus(part, task) {
  part.textContent = statusesOf(task).find(status => status.key === task.status)?.name ?? task.status
}

/**
 * Gives the fields that change a task its values, but for those that are being
 * written.
 * @param {HTMLElement} element
 * @param {Task} task
 */
function paintFields(element, task) {
  for (const name of /** @type {const} */ (['status', 'priority', 'due', 'title'])) {
    const field = queryField(`[name=${name}]`, element)
    if (field && field !== document.activeElement && !field.form?.dataset.dirty) field.value = task[name] ?? ''
  }
}
