// The JSON API: queries, and commands that are sent again until their outcome is
// known.
import {context, say} from './context.js'
import {notePosition, position} from './position.js'
import {enqueue} from './queue.js'
import {sleep} from './time.js'
import {uuid} from './uuid.js'

/** A change that was made, as undoing names it. @typedef {{path: string, revision: number}} Change */

/**
 * @typedef {object} Answer
 * @property {boolean} ok
 * @property {number} status 0 if there was no answer
 * @property {any} data the answer's JSON
 * @property {Change | null} made the change that a command made
 */

/**
 * Fetches, and tries again while there is no answer or the server is not
 * available. It throws when there is none after five attempts.
 * @param {string} address
 * @param {RequestInit} options
 * @returns {Promise<Response>}
 */
export async function fetchPersistently(address, options) {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await fetch(address, options)
      if (answer.status !== 503 || attempt > 3) return answer
    } catch (fault) {
      if (attempt > 3) throw fault
    }
    await sleep(300 * 2 ** attempt)
  }
}

/**
 * Asks, or commands under a key with which repeating it has no further effect.
 * Commands for the same task or project are sent one after the other.
 * @param {string} method
 * @param {string} path below /api/v1/
 * @param {unknown} [body]
 * @returns {Promise<Answer>}
 */
export function api(method, path, body) {
  const thing = path.split('/', 2).join('/')
  const run = () => request(method, path, thing, body)
  return method === 'GET' ? run() : enqueue(thing, run)
}

/**
 * @param {string} method
 * @param {string} path
 * @param {string} thing
 * @param {unknown} body
 * @returns {Promise<Answer>}
 */
async function request(method, path, thing, body) {
  const options = {method, headers: headersFor(method, body), body: body ? JSON.stringify(body) : undefined}
  try {
    const answer = await fetchPersistently('/api/v1/' + path, options)
    if (answer.ok && method !== 'GET') notePosition(answer.headers.get('Docket-Position'))
    const revision = answer.headers.get('Docket-Change')
    return {
      ok: answer.ok,
      status: answer.status,
      data: await answer.json().catch(() => null),
      made: revision ? {path: thing, revision: Number(revision)} : null,
    }
  } catch {
    return {ok: false, status: 0, data: {detail: say('offline')}, made: null}
  }
}

/**
 * @param {string} method
 * @param {unknown} body
 */
function headersFor(method, body) {
  /** @type {Record<string, string>} */
  const headers = {Accept: 'application/json', 'Accept-Language': context.language}
  if (method !== 'GET') headers['Idempotency-Key'] = uuid()
  else if (position()) headers['Docket-Position'] = position()
  if (body) headers['Content-Type'] = 'application/json'
  return headers
}

/**
 * Returns the sentence for an answer that is a refusal.
 * @param {Answer} answer
 * @returns {string}
 */
export const refusal = answer => say('refused', answer.data?.detail ?? say('offline'))
