// Menus: a <details> of the class menu that closes like one.
import {query, queryAll} from './dom.js'

const open = 'details.menu[open]'

/** Begins to close menus on clicks elsewhere. */
export function startMenus() {
  addEventListener('click', event => {
    for (const menu of queryAll(open)) if (!menu.contains(/** @type {Node} */ (event.target))) menu.removeAttribute('open')
  })
}

/**
 * Closes the open menu and focuses what opened it.
 * @returns {boolean} whether there was one
 */
export function closeMenu() {
  const menu = query(open)
  if (!menu) return false
  menu.removeAttribute('open')
  query('summary', menu)?.focus()
  return true
}
