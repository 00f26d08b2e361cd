// The list of all keys.
import {say} from './context.js'
import {openDialog} from './dialog.js'
import {make} from './dom.js'

/** @import {Command} from './commands.js' */

/**
 * Shows the commands that have keys.
 * @param {Command[]} commands
 */
export function openHelp(commands) {
  const lines = commands.filter(({keys}) => keys.length).map(({keys, text}) =>
    make('div', {}, make('dt', {}, ...keys.map(key => make('kbd', {}, key))), make('dd', {}, text)))
  const dialog = openDialog('help', say('keys'), make('h2', {}, say('keys')), make('dl', {}, ...lines),
    make('button', {onclick: () => dialog.close()}, say('close')))
}
