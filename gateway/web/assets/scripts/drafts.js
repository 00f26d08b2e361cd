// What a person is writing is never lost to what others do: neither when the
// form goes away, nor when another person changes the same field.
import {say} from './context.js'
import {closest, controlsOf, focusInPlace, make, query} from './dom.js'
import {announce} from './toast.js'

/**
 * Keeps what was being written in a form that is about to go, where it can be
 * read and copied, and says why it cannot be saved.
 * @param {HTMLFormElement} form
 */
export function keepDraft(form) {
  const written = controlsOf(form).filter(field => field.type.startsWith('text') && field.value !== field.defaultValue)
  const id = 'kept-' + form.id
  if (!written.length || document.getElementById(id)) return
  const focused = document.activeElement
  const reason = `${closest(form, '[data-why]')?.dataset.why ?? ''} ${say('kept')}`
  for (const field of written) field.readOnly = true
  const note = make('section', {id, className: 'kept'}, make('p', {}, reason), ...written,
    make('button', {className: 'quiet', onclick: () => note.remove()}, say('close')))
  form.closest('#task,main')?.prepend(note)
  if (note.contains(focused)) focusInPlace(/** @type {HTMLElement} */ (focused))
  // What is around it takes its place first.
  requestAnimationFrame(() => note.scrollIntoView({block: 'nearest'}))
  announce(reason)
}

/**
 * Says beside a field that is being written what another person has changed it to.
 * What the person saw stays in the form, so that the server finds out too.
 * @param {HTMLElement} form
 * @param {HTMLElement} next the form as it is on the newer page
 */
export function noteOthersChange(form, next) {
  const theirs = next.dataset.now
  if (theirs === undefined || theirs === form.dataset.now) return
  const note = query('.meanwhile', form) ?? form.appendChild(make('p', {className: 'meanwhile', role: 'status'}))
  note.textContent = say('meanwhile', theirs || say('none'))
}
