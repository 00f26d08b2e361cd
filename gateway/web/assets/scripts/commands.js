// The commands: each has a name, keys and a place in the palette.
import {hold, isHolding, release, shift} from './board/lift.js'
import {select, unselect} from './board/selection.js'
import {step} from './board/walk.js'
import {assign, discard} from './change.js'
import {compose} from './compose.js'
import {context, onBoard, say} from './context.js'
import {query, queryAll, required} from './dom.js'
import {openHelp} from './help.js'
import {closeMenu} from './menus.js'
import {openPalette} from './palette.js'
import {pickDue, pickLabels, pickPeople, pickPriority, pickStatus} from './pickers.js'
import {editTitle} from './rename.js'
import {focused, onTasks, pointed, targets} from './target.js'
import {mayWrite, taskOf} from './tasks.js'
import {switchTheme} from './theme.js'
import {toast} from './toast.js'
import {redo, undo} from './undo.js'

/**
 * @typedef {object} Command
 * @property {string} id
 * @property {string[]} keys
 * @property {boolean} [board] whether it is for boards only
 * @property {() => void} run
 * @property {string} text its name
 */

/** @type {Command[]} */
export const commands = [
  {id: 'new', keys: ['c'], run: compose},
  {id: 'open', keys: ['o', 'Enter'], run: openTask},
  {id: 'title', keys: ['e'], run: editTitle},
  {id: 'status', keys: ['s'], run: pickStatus},
  {id: 'assign', keys: ['a'], run: pickPeople},
  {id: 'me', keys: ['m'], run: onTasks((ids, first) => assign(ids, context.me, !first.assignees.includes(context.me)))},
  {id: 'priority', keys: ['p'], run: pickPriority},
  {id: 'due', keys: ['d'], run: pickDue},
  {id: 'label', keys: ['l'], run: pickLabels},
  {id: 'delete', keys: ['Delete', '#'], run: onTasks(ids => discard(ids))},
  {id: 'copy', keys: ['y'], run: copyLink},
  {id: 'select', keys: ['x'], board: true, run: onTasks(toggleSelection)},
  {id: 'lift', keys: ['Space'], board: true, run: liftOrDrop},
  {id: 'down', keys: ['j', '↓'], run: () => move(0, 1)},
  {id: 'up', keys: ['k', '↑'], run: () => move(0, -1)},
  {id: 'left', keys: ['h', '←'], board: true, run: () => move(-1, 0)},
  {id: 'right', keys: ['→'], board: true, run: () => move(1, 0)},
  {id: 'find', keys: ['/'], run: find},
  {id: 'undo', keys: ['Ctrl+Z'], run: () => undo()},
  {id: 'redo', keys: ['Ctrl+Shift+Z'], run: redo},
  {id: 'theme', keys: [], run: switchTheme},
  {id: 'palette', keys: ['Ctrl+K'], run: () => openPalette(commands)},
  {id: 'help', keys: ['?'], run: () => openHelp(commands)},
  {id: 'escape', keys: ['Escape'], run: escape},
].map(command => ({...command, text: say('c.' + command.id)}))

function openTask() {
  const element = pointed()
  if (element) query('a.title', element)?.click()
}

function copyLink() {
  const [id] = targets()
  if (id) navigator.clipboard?.writeText(`${location.origin}/tasks/${id}`).then(() => toast(say('copied')))
}

function toggleSelection() {
  const task = taskOf(pointed())
  if (task) select(task.id)
}

function liftOrDrop() {
  if (isHolding()) {
    release(true)
    return
  }
  const task = taskOf(focused())
  if (task && mayWrite(task)) hold(task.id)
}

/**
 * Goes to another card or row, or moves the card that is lifted.
 * @param {number} right
 * @param {number} down
 */
function move(right, down) {
  if (isHolding()) shift(right, down)
  else if (onBoard) step(right, down)
  else stepInList(down)
}

/** @param {number} down */
function stepInList(down) {
  const titles = queryAll('.task-row a.title')
  const row = focused()
  const at = titles.findIndex(title => title === (row && query('a.title', row)))
  titles[Math.min(titles.length - 1, Math.max(0, at + down))]?.focus()
}

function find() {
  const box = query('#q')
  if (box) box.focus()
  else location.assign('/find')
}

/** Ends what is going on, the innermost first. */
export function escape() {
  if (isHolding()) release(false)
  else if (closeMenu()) return
  else if (!required('#panel').hidden) query('#panel [data-close]')?.click()
  else unselect()
}
