// The address of the page. While a task is open in the panel, the browser shows
// the address of the task; the page's own is kept here.

let behindPanel = ''

/**
 * Returns the address of the page.
 * @returns {string}
 */
export const pageAddress = () => behindPanel || location.href

/**
 * Returns the address of the page while the browser shows another, else ''.
 * @returns {string}
 */
export const addressBehindPanel = () => behindPanel

/** @param {string} address '' once the browser shows the page's own again */
export function setAddressBehindPanel(address) {
  behindPanel = address
}
