// Identifiers for what is new.

/**
 * Returns a new identifier: a UUID where the browser offers them, which it does
 * on secure pages only, else other random digits.
 * @returns {string}
 */
export const uuid = () => crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join('')
