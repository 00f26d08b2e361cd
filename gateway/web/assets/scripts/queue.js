// Commands for one thing are sent in the order they were given, each once the
// one before it is answered.

/** @type {Map<string, Promise<unknown>>} */
const lastOf = new Map()

/**
 * Runs something after everything queued before it for the same thing, whether
 * that succeeded or not.
 * @template Result
 * @param {string} thing
 * @param {() => Promise<Result>} run
 * @returns {Promise<Result>}
 */
export function enqueue(thing, run) {
  const result = Promise.resolve(lastOf.get(thing)).then(run)
  lastOf.set(thing, result.catch(() => {}))
  return result
}

/**
 * Returns a promise for the last command of each thing.
 * @returns {Promise<unknown>[]}
 */
export const queued = () => [...lastOf.values()]
