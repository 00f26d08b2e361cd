// The dialog for new tasks, which can be opened anywhere.
import {context, say} from './context.js'
import {openDialog} from './dialog.js'
import {make} from './dom.js'
import {focused} from './target.js'
import {uuid} from './uuid.js'

/** Opens the dialog, if there is a project the person may add tasks to. */
export function compose() {
  const projects = context.project ? [{...context.project, name: ''}] : context.projects.filter(project => project.writes)
  if (!projects[0]?.writes) return
  const form = make('form', {method: 'post', className: 'stack'}, textBox())
  /** @param {string} id */
  const addTo = id => { form.action = `/projects/${id}/tasks` }
  addTo(projects[0].id)
  if (!context.project) {
    form.prepend(make('select', {ariaLabel: say('project'), onchange: event => addTo(/** @type {HTMLSelectElement} */ (event.target).value)},
      ...projects.map(project => make('option', {value: project.id}, project.name))))
  }
  form.append(...hiddenFields(), make('button', {}, say('add')))
  openDialog('write', say('c.new'), form)
}

/** Makes the box; Enter sends it while it has one line. */
function textBox() {
  const box = make('textarea', {name: 'text', rows: 3, required: true, ariaLabel: say('newTasks'), placeholder: say('newTasks')})
  box.dataset.suggest = 'people'
  box.onkeydown = event => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || box.value.trim().includes('\n')) return
    event.preventDefault()
    box.form?.requestSubmit()
  }
  return box
}

/** Makes what every form for new tasks carries. The first status is that of the column with the focus. */
function hiddenFields() {
  const values = {
    status: focused()?.closest('.column')?.getAttribute('data-status') ?? '',
    back: location.pathname + location.search,
    key: uuid(),
  }
  return Object.entries(values).map(([name, value]) => make('input', {type: 'hidden', name, value}))
}
