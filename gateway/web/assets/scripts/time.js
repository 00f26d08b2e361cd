// Waiting.

/**
 * Resolves after some milliseconds.
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
export const sleep = milliseconds => new Promise(done => setTimeout(done, milliseconds))

/**
 * Returns a function that runs another after some milliseconds. Called again
 * before, it starts waiting again.
 * @param {number} milliseconds unless the call says otherwise
 * @param {() => unknown} run
 */
export function afterPause(milliseconds, run) {
  /** @type {number | undefined} */
  let timer
  return (pause = milliseconds) => {
    clearTimeout(timer)
    timer = setTimeout(run, pause)
  }
}
