// The palette: everything that can be done here, found by typing.
import {choose} from './choose.js'
import {onBoard, say} from './context.js'
import {focusInPlace, formOf, make, query, queryAll, queryField} from './dom.js'
import {pointAt, pointedInPage} from './target.js'

/** @import {Choice} from './choose.js' */
/** @import {Command} from './commands.js' */

/** Commands that make no sense in it. */
const left = ['palette', 'escape']

/**
 * Opens the palette.
 * @param {Command[]} commands
 */
export function openPalette(commands) {
  // What a command is for is known before the palette takes the focus.
  const card = pointedInPage()
  const here = commands.filter(({id, board}) => (!board || onBoard) && !left.includes(id))
  choose(say('commands'), [...here.map(command => commandChoice(command, card)), ...offersOfPage()])
}

/**
 * @param {Command} command
 * @param {HTMLElement | null} card
 * @returns {Choice}
 */
function commandChoice({text, keys, run}, card) {
  return {text, key: keys.join(' '), run() {
    if (card) {
      pointAt(card)
      focusInPlace(query('a.title', card))
    }
    run()
  }}
}

/**
 * Returns what the page itself offers, but for what each line of a list does.
 * @returns {Choice[]}
 */
function offersOfPage() {
  return queryAll('a[href], button, summary').filter(isOffered).map(element => ({
    text: element instanceof HTMLAnchorElement ? say('go', textOf(element)) : textOf(element),
    run: () => use(element),
  })).filter(({text}) => text)
}

/** @param {HTMLElement} element */
const textOf = element => element.textContent.trim()

/** @param {HTMLElement} element */
function isOffered(element) {
  if (element.matches('#top *')) return true
  return element.matches('.tabs *, .chips *, :not(dialog *, li *, tr *)') && textOf(element) !== '' && element.checkVisibility()
}

/**
 * Clicks an element, or focuses the box of its form that is to be filled first.
 * @param {HTMLElement} element
 */
function use(element) {
  const box = queryField('input:not([type=hidden]), textarea', formOf(element) ?? make('p'))
  if (box && !box.value) box.focus()
  else element.click()
}
