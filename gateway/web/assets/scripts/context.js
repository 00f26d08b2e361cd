// What the server tells the scripts of a page: who is looking, at what, and the
// phrases in their language.
import {required} from './dom.js'

/** @typedef {{key: string, name: string, done: boolean, limit: number}} Status */

/** @typedef {{id: string, writes: boolean, statuses: Status[]}} Project */

/**
 * A project one is a member of. On the pages of a project the last three are empty.
 * @typedef {{id: string, name: string, writes: boolean, statuses: Status[], members: string[]}} ListedProject
 */

/** @typedef {{id: string, name: string, handle: string, initials: string}} Person */

/**
 * @typedef {object} Context
 * @property {string} me
 * @property {string} language
 * @property {Record<string, string>} words
 * @property {string} position
 * @property {Project} [project] the project the page belongs to
 * @property {ListedProject[]} projects
 * @property {Person[]} people
 * @property {string[]} labels
 */

/**
 * Reads the context of a page.
 * @param {Document} page
 * @returns {Context}
 */
export const contextOf = page => JSON.parse(required('#context', page).textContent)

/** The context of this page, as it was last told. */
export const context = contextOf(document)

export const pageName = document.body.dataset.page

/** Whether this page is a board. Its cards are the script's, see board/. */
export const onBoard = pageName === 'board'

/**
 * Returns the project of a page that belongs to one.
 * @returns {Project}
 */
export function pageProject() {
  if (!context.project) throw new Error('The page belongs to no project.')
  return context.project
}

/**
 * Returns a phrase in the language of the page, each {} replaced by the next
 * argument. A phrase of two forms, "one|many", takes the first for 1.
 * @param {string} key
 * @param {...(string | number)} values
 * @returns {string}
 */
export function say(key, ...values) {
  const forms = (context.words[key] ?? key).split('|')
  const form = /** @type {string} */ (forms.at(values[0] === 1 ? 0 : -1))
  return values.reduce((/** @type {string} */ text, value) => text.replace('{}', () => String(value)), form)
}
