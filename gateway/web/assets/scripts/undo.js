// Undoing and redoing. What can be undone outlives the page, and is kept in the
// order it was done.
import {api, refusal} from './api.js'
import {say} from './context.js'
import {queued} from './queue.js'
import {signal} from './signals.js'
import {sleep} from './time.js'
import {toast} from './toast.js'

/** @import {Answer, Change} from './api.js' */

/** What one action changed, which is undone together. @typedef {Change[]} Step */

/** @typedef {{from: string, to: string, done: string}} Direction */

const back = {from: 'undo', to: 'redo', done: 'undone'}
const forth = {from: 'redo', to: 'undo', done: 'redone'}

/** How many steps are kept. */
const kept = 50

/**
 * @param {string} name
 * @returns {Step[]}
 */
const readSteps = name => JSON.parse(sessionStorage[name] ?? '[]')

/**
 * @param {string} name
 * @param {Step[]} steps
 */
const writeSteps = (name, steps) => { sessionStorage[name] = JSON.stringify(steps.slice(-kept)) }

/** Changes this page has noted, for a page that says what was done can come twice. @type {Set<string>} */
const noted = new Set()

/** @param {Change} change */
function isNew({path, revision}) {
  const key = path + ' ' + revision
  if (noted.has(key)) return false
  noted.add(key)
  return true
}

/**
 * Notes what an action has changed, and says so with a button that undoes it.
 * @param {string} text
 * @param {(Change | null | undefined)[]} changes those that are there are undone together
 */
export function remember(text, changes) {
  const step = changes.filter(change => !!change).filter(isNew)
  if (!step.length) return
  writeSteps(back.from, insertStep(readSteps(back.from), step))
  writeSteps(forth.from, [])
  toast(text, say('undo'), () => undo(step))
}

/**
 * Adds a step to others: last, or before the later changes of the same thing
 * that were noted earlier.
 * @param {Step[]} steps
 * @param {Step} step
 * @returns {Step[]}
 */
function insertStep(steps, step) {
  const isLater = /** @param {Change} other */ other => step.some(change => change.path === other.path && change.revision < other.revision)
  const at = steps.findIndex(other => other.some(isLater))
  return at < 0 ? [...steps, step] : [...steps.slice(0, at), step, ...steps.slice(at)]
}

/**
 * Undoes the last step, or a given one.
 * @param {Step} [step]
 */
export const undo = step => inTurn(back, step)

/** Does again what was undone last. */
export const redo = () => inTurn(forth)

/** @type {Promise<unknown> | undefined} */
let turn

/**
 * Waits for what was just done, so that it can be undone, and for other undoing,
 * so that everything can be redone in the same order.
 * @param {Direction} direction
 * @param {Step} [step]
 */
function inTurn(direction, step) {
  turn = Promise.allSettled([turn, ...queued()]).then(() => takeBack(direction, step))
}

/**
 * @param {Direction} direction
 * @param {Step} [wanted]
 */
async function takeBack(direction, wanted) {
  await sleep(0)
  const step = removeStep(direction.from, wanted)
  if (!step) {
    toast(say('nothingToUndo'))
    return
  }
  const answers = await undoEach(step)
  const refused = answers.find(answer => !answer.ok)
  toast(refused ? refusal(refused) : say(direction.done))
  // Nothing reached the server: it can be tried once more.
  if (answers.every(answer => !answer.status)) writeSteps(direction.from, [...readSteps(direction.from), step])
  const reverse = answers.map(answer => answer.made).filter(change => !!change)
  if (reverse.length) writeSteps(direction.to, [...readSteps(direction.to), reverse])
  signal('written', answers.filter(answer => answer.ok).map(answer => answer.data))
}

/**
 * Takes a step out of those that are kept: the last one, or the last that is
 * like a given one.
 * @param {string} name
 * @param {Step} [wanted]
 * @returns {Step | undefined}
 */
function removeStep(name, wanted) {
  const steps = readSteps(name)
  const at = steps.findLastIndex(step => !wanted || JSON.stringify(step) === JSON.stringify(wanted))
  if (at < 0) return undefined
  const [step] = steps.splice(at, 1)
  writeSteps(name, steps)
  return step
}

/**
 * @param {Step} step
 * @returns {Promise<Answer[]>}
 */
async function undoEach(step) {
  const answers = []
  for (const {path, revision} of [...step].reverse()) answers.push(await api('POST', path + '/undo', {revision}))
  return answers
}
