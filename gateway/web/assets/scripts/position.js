// The newest position of the log that this page has heard of. Reads ask for rows
// that have reached it.
import {context} from './context.js'

let newest = context.position

/** @param {string} position */
const sequenceOf = position => Number(position.match(/\d+$/)?.[0] ?? 0)

/**
 * Returns the newest position, '' if there is none.
 * @returns {string}
 */
export const position = () => newest

/**
 * Notes a position, unless a newer one is known.
 * @param {string | null} seen
 */
export function notePosition(seen) {
  if (seen && (!newest || sequenceOf(seen) >= sequenceOf(newest))) newest = seen
}
