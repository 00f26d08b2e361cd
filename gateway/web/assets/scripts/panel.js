// The panel shows a task beside the page, under the task's own address. Closed, it
// keeps what was being written.
import {addressBehindPanel, setAddressBehindPanel} from './address.js'
import {context, contextOf, say} from './context.js'
import {closest, focusInPlace, query, required} from './dom.js'
import {morph} from './morph.js'
import {fetchPage} from './page.js'
import {taskOf} from './tasks.js'
import {toast} from './toast.js'

/** The address this page was loaded from. */
const loadedFrom = location.pathname

/** What had the focus before the panel opened. @type {Element | null} */
let opener = null

/** The title of the page behind the panel. */
let titleBehind = ''

/** Whether the panel is about to close. */
let leaving = false

/** Returns the panel's element. */
export const panel = () => required('#panel')

/** Begins to open tasks beside the page, and to follow the browser back and forth. */
export function startPanel() {
  addEventListener('popstate', event => {
    if (event.state?.panel && !query('main #task')) openTask(event.state.panel)
    else if (location.pathname !== loadedFrom) location.reload()
    else if (!panel().hidden) close()
  })
  addEventListener('click', event => {
    const link = /** @type {HTMLAnchorElement | null} */ (closest(event.target, 'a'))
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return
    if (follow(link)) event.preventDefault()
  })
}

/**
 * Does what a link does that has to do with the panel.
 * @param {HTMLAnchorElement} link
 * @returns {boolean} whether it has
 */
function follow(link) {
  const inPanel = panel().contains(link)
  if (inPanel && 'close' in link.dataset) leavePanel()
  else if (inPanel && link.matches('[data-again], .more') || link.matches('main .title') && !query('main #task')) {
    openTask(link.getAttribute('href') ?? '', link)
  } else return false
  return true
}

/**
 * Goes back to the page behind the panel; once, or it would lead out of Docket.
 */
export function leavePanel() {
  if (leaving) return
  leaving = true
  history.back()
}

/**
 * Opens a task in the panel.
 * @param {string} address
 * @param {Element} [from] gets the focus when the panel is closed
 */
async function openTask(address, from) {
  const {answer, page} = await fetchPage(address)
  if (page && query('#task', page)) present(page, from)
  else if (answer) location.assign(address)
  else toast(say('offline'))
}

/**
 * Shows the task of a page in the panel.
 * @param {Document} page
 * @param {Element | null} [from] gets the focus when the panel is closed
 */
export function present(page, from = document.activeElement) {
  const next = required('#task', page)
  const shown = query('#task', panel())
  const opens = !!panel().hidden
  context.labels = contextOf(page).labels
  if (shown && addressOf(shown) === addressOf(next)) morph(shown, next)
  else panel().replaceChildren(next)
  taskOf(query('#task', panel()))
  if (opens) {
    opener = from
    titleBehind = document.title
  }
  takeAddress(addressOf(next), opens)
  panel().hidden = false
  document.title = page.title
  if (opens || shown !== query('#task', panel())) query('[data-close]', panel())?.focus()
}

/** @param {HTMLElement} task */
const addressOf = task => task.dataset.href ?? ''

/**
 * Shows the address of a task in the browser.
 * @param {string} address
 * @param {boolean} opens whether the page's own was shown until now
 */
function takeAddress(address, opens) {
  if (location.pathname === address) return
  if (opens) setAddressBehindPanel(location.href)
  history[opens ? 'pushState' : 'replaceState']({panel: address}, '', address)
}

function close() {
  if (panel().contains(document.activeElement)) /** @type {HTMLElement} */ (document.activeElement).blur()
  history.replaceState(null, '', addressBehindPanel())
  setAddressBehindPanel('')
  panel().hidden = true
  leaving = false
  document.title = titleBehind
  if (opener?.isConnected) focusInPlace(/** @type {HTMLElement} */ (opener))
}

/** Asks for the task in the panel again. */
export async function refreshPanel() {
  const shown = required('#task', panel())
  const {answer, page} = await fetchPage(addressOf(shown))
  if (panel().hidden || query('#task', panel()) !== shown) return
  if (page && query('#task', page)) present(page)
  else if (answer?.status === 404) {
    leavePanel()
    toast(say('gone'))
  }
}

/**
 * Reports whether the panel shows a task.
 * @param {string} id
 */
export const panelShows = id => !panel().hidden && addressOf(required('#task', panel())).endsWith(id)
