// Suggestions while writing: people after @, labels in their field. The box is a
// combobox for as long as there are some.
import {closeList, markOption, openList, optionAfter} from './combobox.js'
import {context, say} from './context.js'
import {make} from './dom.js'
import {announce} from './toast.js'

/** @typedef {import('./combobox.js').Box} Box */

/** What is shown, and the word that is written for it. @typedef {{name: string, word: string}} Suggestion */

/**
 * @typedef {object} Open
 * @property {Box} box
 * @property {HTMLElement} list
 * @property {number} at
 * @property {(at: number) => void} take writes a suggestion into the box
 */

/** How many are shown. */
const most = 6

/**
 * What can be suggested: where in the text before the caret a word begins that it
 * is for, what there is, and what is written after it.
 */
const kinds = {
  people: {
    begun: /(?:^|\s)@([\p{L}\p{N}_.-]*)$/u,
    after: ' ',
    all: () => context.people.map(person => ({name: person.name, word: person.handle})),
  },
  labels: {
    begun: /(?:^|,)\s*([^,]+)$/,
    after: '',
    all: () => context.labels.map(label => ({name: label, word: label})),
  },
}

/** @type {Open | null} */
let open = null

/** Begins to suggest. */
export function startSuggestions() {
  addEventListener('focusout', close)
  addEventListener('input', event => suggest(/** @type {Box} */ (event.target)))
  // Before whatever else a key does in the box.
  addEventListener('keydown', event => {
    if (open && !event.isComposing && pressed(open, event.key)) {
      event.preventDefault()
      event.stopPropagation()
    }
  }, true)
}

function close() {
  if (!open) return
  closeList(open.box)
  open.list.remove()
  open = null
}

/**
 * Shows what may be meant by the word before the caret.
 * @param {Box} box
 */
function suggest(box) {
  const countBefore = open?.list.childElementCount
  close()
  const kind = kindOf(box)
  if (!kind) return
  const before = box.value.slice(0, box.selectionStart ?? 0)
  const begun = before.match(kind.begun)?.[1]
  if (begun === undefined) return
  const found = matching(kind.all(), begun.toLowerCase())
  if (!found.length || found.length === 1 && found[0].word === begun) return
  /** @param {number} at */
  const take = at => {
    close()
    box.setRangeText(found[at].word + kind.after, before.length - begun.length, before.length, 'end')
    box.dispatchEvent(new Event('input', {bubbles: true}))
  }
  open = {box, list: listOf(found, take), take, at: 0}
  box.after(open.list)
  openList(box, open.list)
  markOption(box, open.list, 0)
  if (countBefore !== found.length) announce(say('hints', found.length))
}

/** @param {Box} box */
function kindOf(box) {
  const name = box.dataset.suggest ?? (box.closest('.add') ? 'people' : undefined)
  if (!name) return undefined
  return name === 'people' ? kinds.people : kinds.labels
}

/**
 * Returns the suggestions whose word begins so, or whose name contains it.
 * @param {Suggestion[]} all
 * @param {string} part
 */
const matching = (all, part) =>
  all.filter(({name, word}) => word.toLowerCase().startsWith(part) || name.toLowerCase().includes(part)).slice(0, most)

/**
 * @param {Suggestion[]} suggestions
 * @param {(at: number) => void} take
 */
function listOf(suggestions, take) {
  return make('ul', {id: 'hints', className: 'hints', role: 'listbox', ariaLabel: say('search')}, ...suggestions.map(({name}, i) =>
    make('li', {id: 'hint-' + i, role: 'option', onmousedown(event) {
      event.preventDefault() // or the box would lose the focus
      take(i)
    }}, name)))
}

/**
 * @param {Open} shown
 * @param {string} key
 * @returns {boolean} whether the key was meant for the suggestions
 */
function pressed(shown, key) {
  const next = optionAfter(key, shown.at, shown.list.childElementCount)
  if (next !== undefined) {
    shown.at = next
    markOption(shown.box, shown.list, next)
  } else if (key === 'Enter' || key === 'Tab') shown.take(shown.at)
  else if (key === 'Escape') close()
  else return false
  return true
}
