// What the modules of a page tell each other, without knowing who listens.

/**
 * @typedef {object} Signals
 * @property {string} changed a task that looks or stands otherwise than before, by its id
 * @property {any[]} written what the API answered to undoing
 */

/**
 * @template {keyof Signals} Name
 * @param {Name} name
 * @param {Signals[Name]} detail
 */
export const signal = (name, detail) => dispatchEvent(new CustomEvent(name, {detail}))

/**
 * @template {keyof Signals} Name
 * @param {Name} name
 * @param {(detail: Signals[Name]) => void} listener
 */
export const onSignal = (name, listener) => addEventListener(name, event => listener(/** @type {CustomEvent} */ (event).detail))
