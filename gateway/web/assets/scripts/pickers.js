// Choosing values for fields of tasks.
import {assign, change} from './change.js'
import {choose} from './choose.js'
import {context, say} from './context.js'
import {dayText, isoDay} from './days.js'
import {closest} from './dom.js'
import {current, known, statusesOf, tasks} from './tasks.js'
import {onTasks} from './target.js'

/** @import {Choice} from './choose.js' */
/** @import {Person} from './context.js' */
/** @import {Task} from './tasks.js' */

export const pickStatus = onTasks((ids, first) => choose(say('c.status'), statusesOf(first).map(status => ({
  text: status.name,
  run: () => change(ids, {status: status.key}, say('moved', status.name)),
}))))

export const pickPriority = onTasks(ids => choose(say('c.priority'), ['urgent', 'high', 'medium', 'low', 'none'].map(priority => ({
  text: say('p.' + priority),
  run: () => change(ids, {priority}, say('changed')),
}))))

export const pickDue = onTasks(ids => {
  /** @param {string | null} due */
  const set = due => change(ids, {due}, say('changed'))
  choose(say('c.due'), [
    {text: say('today'), run: () => set(isoDay())},
    {text: say('tomorrow'), run: () => set(isoDay(1))},
    {text: say('nextWeek'), run: () => set(isoDay(7))},
    {text: say('noDate'), run: () => set(null)},
  ], text => isDay(text) ? {text: dayText(text), run: () => set(text)} : null)
})

/** @param {string} text */
const isDay = text => /^\d{4}-\d\d-\d\d$/.test(text) && !isNaN(Date.parse(text))

export const pickPeople = onTasks((ids, first) => {
  /** @param {Person} person */
  const isAssigned = person => ids.every(id => current(known(id)).assignees.includes(person.id))
  choose(say('c.assign'), membersOf(first).map(person => ({
    text: person.name,
    also: person.handle,
    on: () => isAssigned(person),
    run: () => assign(ids, person.id, !isAssigned(person)),
  })))
})

/**
 * Returns the people a task can be assigned to.
 * @param {Task} task
 * @returns {Person[]}
 */
function membersOf(task) {
  if (context.project) return context.people
  const project = context.projects.find(({id}) => id === task.project_id)
  return context.people.filter(person => project?.members.includes(person.id))
}

export const pickLabels = onTasks(ids => {
  const labels = [...new Set([...context.labels, ...[...tasks.values()].flatMap(task => task.labels)])].sort()
  const choices = labels.map(label => labelChoice(ids, label))
  choose(say('c.label'), choices, text => {
    if (!text || labels.includes(text)) return null
    const choice = labelChoice(ids, text)
    return {...choice, run() {
      choice.run()
      labels.push(text)
      choices.push(choice)
    }}
  })
})

/**
 * @param {string[]} ids
 * @param {string} label
 * @returns {Choice}
 */
function labelChoice(ids, label) {
  const isOn = () => ids.every(id => current(known(id)).labels.includes(label))
  return {text: label, on: isOn, run: () => setLabel(ids, label, !isOn())}
}

/**
 * @param {string[]} ids
 * @param {string} label
 * @param {boolean} on
 */
function setLabel(ids, label, on) {
  for (const id of ids) {
    const others = current(known(id)).labels.filter(other => other !== label)
    change([id], {labels: on ? [...others, label].sort() : others}, say('changed'))
  }
}

/** Begins to open pickers for cells of a list that are no fields of their own. */
export function startCellPickers() {
  addEventListener('click', event => {
    const cell = closest(event.target, 'td.labels, td.people')
    if (!cell) return
    if (cell.matches('.labels')) pickLabels()
    else pickPeople()
  })
}
