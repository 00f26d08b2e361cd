// A dialog to choose from: typing narrows the list, arrows walk it, Enter takes.
import {markOption, openList, optionAfter} from './combobox.js'
import {say} from './context.js'
import {openDialog} from './dialog.js'
import {make} from './dom.js'

/** @typedef {import('./combobox.js').Box} Box */

/**
 * @typedef {object} Choice
 * @property {string} text
 * @property {string} [also] more text that finds it
 * @property {string} [key] the key that does the same
 * @property {() => boolean} [on] whether it is chosen; the dialog then stays open, so that several can be
 * @property {() => void} run
 */

/**
 * @typedef {object} Chooser
 * @property {Box} box
 * @property {HTMLElement} list
 * @property {HTMLDialogElement} dialog
 * @property {Choice[]} choices
 * @property {(text: string) => Choice | null | undefined} free makes a choice of what was typed
 * @property {Choice[]} shown
 * @property {number} at
 */

/**
 * Opens the dialog.
 * @param {string} title
 * @param {Choice[]} choices may grow while it is open
 * @param {(text: string) => Choice | null | undefined} [free] makes a choice of what was typed
 */
export function choose(title, choices, free = () => null) {
  const before = document.getElementById('choose')
  if (before instanceof HTMLDialogElement) before.close()
  const list = make('ul', {id: 'choices', role: 'listbox', ariaLabel: title})
  const box = make('input', {type: 'text', autocomplete: 'off', spellcheck: false, ariaLabel: title, placeholder: say('search')})
  openList(box, list)
  const dialog = openDialog('choose', title, make('p', {className: 'name'}, title), box, list)
  const chooser = {box, list, dialog, choices, free, shown: [], at: 0}
  box.oninput = () => {
    chooser.at = 0
    draw(chooser)
  }
  dialog.onkeydown = event => pressed(chooser, event)
  draw(chooser)
}

/** @param {Chooser} chooser */
function draw(chooser) {
  const {box, list} = chooser
  chooser.shown = matching(chooser)
  chooser.at = Math.min(chooser.at, Math.max(0, chooser.shown.length - 1))
  list.replaceChildren(...chooser.shown.map((choice, i) => option(chooser, choice, i)))
  if (!chooser.shown.length) list.append(make('li', {className: 'empty', role: 'option', ariaDisabled: 'true'}, say('noMatch')))
  markOption(box, list, chooser.shown.length ? chooser.at : -1)
}

/**
 * Returns the choices that have every word that was typed.
 * @param {Chooser} chooser
 * @returns {Choice[]}
 */
function matching({box, choices, free}) {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean)
  const found = choices.filter(({text, also}) => words.every(word => `${text} ${also ?? ''}`.toLowerCase().includes(word)))
  const typed = free(box.value.trim())
  return typed ? [...found, typed] : found
}

/**
 * @param {Chooser} chooser
 * @param {Choice} choice
 * @param {number} i
 */
function option(chooser, choice, i) {
  const text = (choice.on?.() ? '✓ ' : '') + choice.text
  const item = make('li', {id: 'choice-' + i, role: 'option', onclick: () => take(chooser, choice)}, make('span', {dir: 'auto'}, text))
  if (choice.key) item.append(make('kbd', {}, choice.key))
  return item
}

/**
 * @param {Chooser} chooser
 * @param {Choice} choice
 */
function take(chooser, choice) {
  if (!choice.on) chooser.dialog.close()
  choice.run()
  if (!choice.on) return
  chooser.box.value = ''
  draw(chooser)
}

/**
 * @param {Chooser} chooser
 * @param {KeyboardEvent} event
 */
function pressed(chooser, event) {
  const {box, list, shown} = chooser
  const next = shown.length ? optionAfter(event.key, chooser.at, shown.length) : undefined
  if (next !== undefined) {
    event.preventDefault()
    chooser.at = next
    markOption(box, list, next)
  } else if (event.key === 'Enter' && !event.isComposing) {
    event.preventDefault()
    if (shown[chooser.at]) take(chooser, shown[chooser.at])
  }
}
