// Changing a title where it stands.
import {change} from './change.js'
import {say} from './context.js'
import {focusInPlace, make, query} from './dom.js'
import {show} from './paint.js'
import {idOf} from './tasks.js'
import {onTasks, pointed} from './target.js'

/** @import {Task} from './tasks.js' */

/** Changes the title of the first task a command is for. */
export const editTitle = onTasks((ids, task) => {
  const element = pointed()
  const link = element && query('a.title:not(.open)', element)
  if (link && idOf(element) === task.id) rename(task, link)
  else query('#task [name=title], .inline [name=title]', element ?? document)?.focus()
})

/**
 * Puts a text box in place of a title.
 * @param {Task} task
 * @param {HTMLElement} link
 */
function rename(task, link) {
  const box = make('textarea', {className: 'rename', value: task.title, rows: 2, maxLength: 200, ariaLabel: say('c.title'), dir: 'auto'})
  let ended = false
  /** @param {boolean} save */
  const end = save => {
    if (ended) return // taking the box away makes it lose the focus
    ended = true
    box.replaceWith(link)
    focusInPlace(link)
    const title = box.value.trim()
    if (save && title && title !== task.title) change([task.id], {title}, say('changed'), {title: task.title})
    else show(task.id)
  }
  box.onblur = () => end(true)
  box.onkeydown = event => {
    if (event.isComposing) return
    if (event.key === 'Enter') {
      event.preventDefault()
      end(true)
    } else if (event.key === 'Escape') {
      event.stopPropagation()
      end(false)
    }
  }
  link.replaceWith(box)
  box.select()
}
