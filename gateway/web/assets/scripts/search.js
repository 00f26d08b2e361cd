// Finding as one types. The address keeps what was asked.
import {pageAddress, setAddressBehindPanel} from './address.js'
import {filter} from './board/arrange.js'
import {onBoard, pageProject} from './context.js'
import {query, queryField} from './dom.js'
import {applyPage, fetchPage} from './page.js'
import {panel} from './panel.js'
import {position} from './position.js'
import {afterPause} from './time.js'

/** How long a pause in typing is, in milliseconds, after which is asked. */
const pause = 120

/** Counts what was asked: only the last answer is shown. */
let searches = 0
let narrowings = 0

/** Begins to find, on pages with a search box. */
export function startSearch() {
  const findSoon = afterPause(pause, () => find(searchText()))
  query('#search')?.addEventListener('input', event => {
    if (event.target instanceof Element && event.target.id === 'q') findSoon()
  })
}

/**
 * Returns what is in the search box.
 * @returns {string}
 */
export const searchText = () => queryField('#q')?.value.trim() ?? ''

/** @param {string} text */
async function find(text) {
  const search = ++searches
  const address = new URL(pageAddress())
  address.searchParams.delete('cursor')
  if (text) address.searchParams.set('q', text)
  else address.searchParams.delete('q')
  if (panel().hidden) history.replaceState(null, '', address)
  else setAddressBehindPanel(address.href)
  if (onBoard) narrow(text)
  const {page} = await fetchPage(address)
  if (page && search === searches) applyPage(page)
}

/**
 * Shows only the cards of the board that match.
 * @param {string} text '' for all
 */
export async function narrow(text) {
  const narrowing = ++narrowings
  if (!text) {
    filter(null)
    return
  }
  const headers = {Accept: 'application/json', 'Docket-Position': position()}
  const answer = await fetch(`/projects/${pageProject().id}/matches?q=${encodeURIComponent(text)}`, {headers}).catch(() => null)
  if (answer?.ok && narrowing === narrowings) filter(await answer.json())
}
