// The live feed: one stream of events for each page, which goes on where it broke
// off.
import {context} from './context.js'
import {required} from './dom.js'
import {notePosition} from './position.js'

/** What happened. @typedef {{task_id?: string}} FeedEvent */

/** How long after the server has closed the stream it is asked for again, in milliseconds. */
const retryAfter = 2000

/** How long a page is hidden before its stream is closed, in milliseconds. */
const hiddenFor = 30000

/** @type {EventSource | null} */
let source = null

/** The position of the last event. */
let last = context.position

/** What is done with events, and whenever the connection is there again. */
let handlers = {onEvent: (/** @type {FeedEvent} */ _event) => {}, onOpen: () => {}}

/**
 * Prepares the feed, which {@link follow} then opens: it rests while the page is
 * hidden for long, or kept by the browser.
 * @param {typeof handlers} given
 */
export function startFeed(given) {
  handlers = given
  /** @type {number | undefined} */
  let hiding
  addEventListener('visibilitychange', () => {
    clearTimeout(hiding)
    // Browsers allow few connections to a host; a page that is not looked at needs none.
    if (document.hidden) hiding = setTimeout(rest, hiddenFor)
    else if (!source) follow()
  })
  addEventListener('pagehide', () => source?.close())
  addEventListener('pageshow', event => { if (event.persisted) follow() })
}

function rest() {
  source?.close()
  source = null
}

/** Opens the feed after the last event that is known. */
export function follow() {
  source?.close()
  if (!last) return // a page that shows nothing has no news
  const only = context.project ? '&project=' + context.project.id : ''
  const stream = new EventSource(`/api/v1/feed?after=${encodeURIComponent(last)}${only}`)
  source = stream
  stream.onopen = () => {
    required('#offline').hidden = true
    handlers.onOpen()
  }
  stream.onerror = () => lost(stream)
  stream.onmessage = event => {
    last = event.lastEventId
    notePosition(last)
    handlers.onEvent(JSON.parse(event.data))
  }
}

/** @param {EventSource} stream */
async function lost(stream) {
  required('#offline').hidden = false
  if (stream.readyState !== EventSource.CLOSED) return // the browser tries again itself
  if (await isBarred()) location.reload()
  else setTimeout(follow, retryAfter)
}

/** Reports whether the person may no longer see what this page shows. */
async function isBarred() {
  const answer = await fetch('/api/v1/' + (context.project ? 'projects/' + context.project.id : 'me')).catch(() => null)
  return [401, 404].includes(answer?.status ?? 0)
}
