// Finding, making and focusing elements.

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Field */

/**
 * Returns the first element that matches.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement | null}
 */
export const query = (selector, root = document) => root.querySelector(selector)

/**
 * Returns all elements that match.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement[]}
 */
export const queryAll = (selector, root = document) => [...root.querySelectorAll(/** @type {'div'} */ (selector))]

/**
 * Returns the first element that matches, of which the page has one.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement}
 */
export function required(selector, root = document) {
  const element = query(selector, root)
  if (!element) throw new Error(`The page has no ${selector}.`)
  return element
}

/**
 * Returns the first form field that matches.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {Field | null}
 */
export const queryField = (selector, root = document) => root.querySelector(selector)

/**
 * Returns the nearest element around an event's target, or the target itself,
 * that matches.
 * @param {EventTarget | null} target
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export const closest = (target, selector) => target instanceof Element ? target.closest(selector) : null

/**
 * Returns the form an element belongs to, wherever in the page it stands.
 * @param {EventTarget | null | undefined} element
 * @returns {HTMLFormElement | null}
 */
export const formOf = element => /** @type {{form?: HTMLFormElement | null} | null | undefined} */ (element)?.form ?? null

/**
 * Returns the fields, buttons and fieldsets of a form.
 * @param {HTMLFormElement} form
 * @returns {HTMLInputElement[]} they have at least the members of an input that all of them have
 */
export const controlsOf = form => /** @type {HTMLInputElement[]} */ ([...form.elements])

/**
 * Makes an element with properties and content.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties]
 * @param {...(Node | string)} content
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, properties = {}, ...content) {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...content)
  return element
}

/**
 * Moves a node before another child of a parent, or to its end. A node that is
 * in the page already keeps its state where the browser can do that.
 * @param {Element} parent
 * @param {Node} node
 * @param {Node | null} before
 */
export function moveBefore(parent, node, before) {
  if (node.isConnected && 'moveBefore' in parent) parent.moveBefore(/** @type {Element} */ (node), before)
  else parent.insertBefore(node, before)
}

/**
 * Focuses an element without scrolling.
 * @param {HTMLElement | null | undefined} element
 */
export const focusInPlace = element => element?.focus({preventScroll: true})
