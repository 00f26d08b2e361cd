// Making what the page shows like a newer version of it.
import {formOf, moveBefore} from './dom.js'
import {keepDraft, noteOthersChange} from './drafts.js'

/** Attributes that belong to the person at the page, of which the server knows nothing. */
const personal = ['open', 'data-picked']

/**
 * Makes one node like another and leaves alone what is alike: focus, scrolling
 * and what is being written stay as they are.
 * @param {Node} from a node of this page
 * @param {Node} to a node of another
 */
export function morph(from, to) {
  if (from.nodeName !== to.nodeName) /** @type {ChildNode} */ (from).replaceWith(to)
  else if (from instanceof Element) morphElement(/** @type {HTMLElement} */ (from), /** @type {HTMLElement} */ (to))
  else morphText(/** @type {CharacterData} */ (from), /** @type {CharacterData} */ (to))
}

/**
 * @param {CharacterData} from
 * @param {CharacterData} to
 */
function morphText(from, to) {
  if (from.data !== to.data) from.data = to.data
}

/**
 * @param {HTMLElement} from
 * @param {HTMLElement} to
 */
function morphElement(from, to) {
  if (from.dataset.dirty) {
    noteOthersChange(from, to)
    return
  }
  if (formOf(from)?.dataset.dirty || from.isEqualNode(to) && valueOf(from) === valueOf(to)) return
  morphAttributes(from, to)
  morphChildren(from, to)
  morphValue(from, to)
}

/** @param {Element} element */
const valueOf = element => /** @type {{value?: unknown}} */ (element).value

/**
 * @param {Element} from
 * @param {Element} to
 */
function morphAttributes(from, to) {
  for (const {name} of [...from.attributes]) if (!to.hasAttribute(name) && !personal.includes(name)) from.removeAttribute(name)
  for (const {name, value} of to.attributes) if (!personal.includes(name) && from.getAttribute(name) !== value) from.setAttribute(name, value)
}

/**
 * @param {Element} from
 * @param {Element} to
 */
function morphChildren(from, to) {
  let at = skipKept(from.firstChild)
  for (const next of [...to.childNodes]) {
    const match = counterpart(next, at)
    if (!match) {
      insertNew(from, next, at)
      continue
    }
    if (match === at) at = skipKept(at.nextSibling)
    else moveBefore(from, match, at)
    morph(match, next)
  }
  removeFrom(at, to.ownerDocument)
}

/**
 * Finds the node that a newer one is to be put in place of: the one with its id,
 * wherever it stands, or the next one of the same name that has no id.
 * @param {Node} next
 * @param {Node | null} at
 * @returns {Node | null}
 */
function counterpart(next, at) {
  const id = idOf(next)
  if (id) return document.getElementById(id)
  return at && !idOf(at) && at.nodeName === next.nodeName ? at : null
}

/** @param {Node} node */
const idOf = node => node instanceof Element ? node.id : ''

/**
 * Puts in a node that was not there. Its content is filled in like the rest, for
 * it may have stood elsewhere.
 * @param {Element} parent
 * @param {Node} next
 * @param {Node | null} before
 */
function insertNew(parent, next, before) {
  const fresh = parent.insertBefore(next.cloneNode(), before)
  morph(fresh, next)
  if (fresh instanceof Element && fresh.id) fresh.classList.add('fresh')
}

/**
 * Removes a node and those after it, and keeps what was being written in them.
 * Those that stand elsewhere on the newer page stay: they are moved from here
 * when their new place is filled in.
 * @param {ChildNode | null} at
 * @param {Document} newer
 */
function removeFrom(at, newer) {
  while (at) {
    const next = skipKept(at.nextSibling)
    const id = idOf(at)
    if (!id || !newer.getElementById(id)) remove(at)
    at = next
  }
}

/** @param {ChildNode} node */
function remove(node) {
  for (const form of document.forms) if (node.contains(form)) keepDraft(form)
  node.remove()
}

/**
 * Skips notes with what could not be saved (drafts.js), of which the server knows nothing.
 * @param {ChildNode | null} node
 * @returns {ChildNode | null}
 */
function skipKept(node) {
  while (node instanceof Element && node.classList.contains('kept')) node = node.nextSibling
  return node
}

/**
 * Gives a field the value it has on the newer page, unless the person is
 * typing in it to search.
 * @param {Element} from
 * @param {Element} to
 */
function morphValue(from, to) {
  if (!from.matches('input,select,textarea') || formOf(from)?.method !== 'post' && from === document.activeElement) return
  const field = /** @type {HTMLInputElement} */ (from)
  const next = /** @type {HTMLInputElement} */ (to)
  field.value = next.value
  field.checked = next.checked
}
