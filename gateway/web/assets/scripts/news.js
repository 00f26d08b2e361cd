// What others do, put into the page as they do it.
import {api} from './api.js'
import {fill, reshape} from './board/board.js'
import {flash} from './board/cards.js'
import {adding} from './board/quick_add.js'
import {onBoard} from './context.js'
import {pageAddress} from './address.js'
import {query} from './dom.js'
import {applyPage, fetchPage, refresh} from './page.js'
import {show} from './paint.js'
import {panel, panelShows, refreshPanel} from './panel.js'
import {narrow, searchText} from './search.js'
import {onSignal} from './signals.js'
import {learn, tasks} from './tasks.js'
import {afterPause} from './time.js'

/** @import {FeedEvent} from './feed.js' */

/** So many changed tasks at once are better asked for together. */
const manyTasks = 40

/** How long after a failed attempt the board is asked for again, in milliseconds. */
const retryAfter = 2000

/** Tasks that have changed and are to be asked for, by id. @type {Set<string>} */
const waiting = new Set()

const refreshPanelSoon = afterPause(60, refreshPanel)
const refreshSoon = afterPause(80, () => onBoard ? refreshBoard() : refresh())

/** Begins to show what was undone or done again, here or elsewhere. */
export function startNews() {
  onSignal('written', answers => {
    for (const data of answers) {
      if (data?.title === undefined) continue // of a project, not of a task
      learn(data)
      show(data.id)
    }
    if (!onBoard) refresh()
  })
}

/**
 * Takes an event of the feed.
 * @param {FeedEvent} event
 */
export function happened({task_id: id}) {
  if (id && (onBoard || tasks.has(id))) {
    waiting.add(id)
    queueMicrotask(fetchWaiting)
  }
  if (id ? panelShows(id) : !panel().hidden) refreshPanelSoon()
  // The cards of a board are asked for one by one.
  if (!onBoard || !id) refreshSoon()
}

let fetching = false

/**
 * Asks for the tasks that have changed. What cannot be had now is asked for when
 * there is a connection again.
 */
export async function fetchWaiting() {
  if (fetching) return
  fetching = true
  let reached = true
  while (waiting.size && reached) {
    await adding()
    const ids = [...waiting]
    waiting.clear()
    const missed = await fetchTasks(ids)
    for (const id of missed) waiting.add(id)
    reached = !missed.length
    const text = onBoard && searchText()
    if (text) narrow(text)
  }
  fetching = false
}

/**
 * Asks for tasks and shows them.
 * @param {string[]} ids
 * @returns {Promise<string[]>} those that could not be had
 */
async function fetchTasks(ids) {
  if (onBoard && ids.length > manyTasks) return await fill() ? [] : ids
  const reached = await Promise.all(ids.map(fetchTask))
  return ids.filter((_, i) => !reached[i])
}

/**
 * Asks for a task and shows it.
 * @param {string} id
 * @returns {Promise<boolean>} whether there was an answer
 */
async function fetchTask(id) {
  const answer = await api('GET', 'tasks/' + id)
  const before = tasks.get(id)
  if (!answer.status || answer.status >= 500) return false
  if (answer.ok) learn(answer.data)
  else tasks.delete(id)
  show(id)
  // The person's own change needs no notice.
  if (onBoard && answer.data?.revision > (before?.revision ?? 0) && !before?.pending) queueMicrotask(() => flash(id))
  return true
}

/** Takes a change of the project itself into the board. */
async function refreshBoard() {
  const {answer, page} = await fetchPage(pageAddress())
  if (!answer || !page || answer.status >= 500) {
    refreshSoon(retryAfter)
    return
  }
  const board = query('#board', page)
  if (!board) {
    location.reload()
    return
  }
  applyPage(page)
  reshape(board)
}
