// A text box with a list of options, told to screen readers as a combobox (WAI-ARIA
// Authoring Practices: editable combobox with list autocomplete).

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Box */

/**
 * Makes a box a combobox for as long as its list is shown.
 * @param {Box} box
 * @param {HTMLElement} list
 */
export function openList(box, list) {
  for (const [name, value] of attributes(list.id)) box.setAttribute(name, value)
}

/**
 * Makes a combobox a plain box again.
 * @param {Box} box
 */
export function closeList(box) {
  for (const [name] of attributes('')) box.removeAttribute(name)
}

/**
 * @param {string} list
 * @returns {[string, string][]}
 */
const attributes = list => [
  ['role', 'combobox'], ['aria-expanded', 'true'], ['aria-autocomplete', 'list'], ['aria-controls', list], ['aria-activedescendant', ''],
]

/**
 * Marks the option that Enter takes.
 * @param {Box} box
 * @param {HTMLElement} list
 * @param {number} at -1 for none
 */
export function markOption(box, list, at) {
  const options = [...list.children]
  options.forEach((option, i) => { option.ariaSelected = String(i === at) })
  box.setAttribute('aria-activedescendant', options[at]?.id ?? '')
  options[at]?.scrollIntoView({block: 'nearest'})
}

/**
 * Returns the option an arrow key leads to, going round at the ends; undefined
 * for other keys.
 * @param {string} key
 * @param {number} at
 * @param {number} count
 * @returns {number | undefined}
 */
export function optionAfter(key, at, count) {
  const step = {ArrowDown: 1, ArrowUp: -1}[key]
  return step && (at + step + count) % count
}
