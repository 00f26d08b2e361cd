// Asking for pages, and putting what is new into this one.
import {addressBehindPanel, pageAddress} from './address.js'
import {context, contextOf, onBoard} from './context.js'
import {query} from './dom.js'
import {showDone} from './done.js'
import {morph} from './morph.js'
import {notePosition, position} from './position.js'

/** An answer and its document; neither if there was no answer. @typedef {{answer?: Response, page?: Document}} Fetched */

/**
 * Asks for a page. That the connection is lost is for the feed to say.
 * @param {string | URL | null} address
 * @param {RequestInit} [options]
 * @returns {Promise<Fetched>}
 */
export async function fetchPage(address, options = {}) {
  /** @type {Record<string, string>} */
  const headers = {Accept: 'text/html'}
  if (position()) headers['Docket-Position'] = position()
  const answer = await fetch(String(address), {...options, headers}).catch(() => null)
  const text = await answer?.text().catch(() => null)
  if (!answer || !text) return {}
  const page = new DOMParser().parseFromString(text, 'text/html')
  notePosition(answer.headers.get('Docket-Position'))
  showDone(page)
  return {answer, page}
}

let refreshing = false
let again = false

/** Asks for this page again and puts in what is new. */
export async function refresh() {
  if (refreshing) {
    again = true
    return
  }
  refreshing = true
  try {
    do {
      again = false
      const {answer, page} = await fetchPage(pageAddress())
      if (answer?.redirected && new URL(answer.url).pathname === '/sign-in') {
        location.reload()
        return
      }
      if (page) applyPage(page)
    } while (again)
  } finally {
    refreshing = false
  }
}

/**
 * Makes this page like a newer one.
 * @param {Document} page
 */
export function applyPage(page) {
  if (!query('#main', page)) return
  morphPart('#top', page)
  if (query('#context', page)) Object.assign(context, {project: undefined}, contextOf(page))
  // The cards of a board are its own script's.
  for (const part of onBoard ? ['#head', '#search'] : ['#main']) morphPart(part, page)
  if (!addressBehindPanel()) document.title = page.title
}

/**
 * @param {string} selector
 * @param {Document} page
 */
function morphPart(selector, page) {
  const from = query(selector)
  const to = query(selector, page)
  if (from && to) morph(from, to)
}
