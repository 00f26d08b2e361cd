// Forms are sent without leaving the page: the answer is the page that the form
// leads to, and what is new of it is put in here.
import {pageAddress} from './address.js'
import {create} from './create.js'
import {onBoard, say} from './context.js'
import {closest, controlsOf, focusInPlace, formOf, query, required} from './dom.js'
import {applyPage, fetchPage, refresh} from './page.js'
import {leavePanel, panel, present} from './panel.js'
import {closePreview, showPreview} from './preview.js'
import {enqueue} from './queue.js'
import {toast} from './toast.js'

/** The longest body a browser sends on when the page is left meanwhile, in characters. */
const maxKeptAlive = 60_000

/**
 * A form on its way, and where it was when it was sent.
 * @typedef {object} Sending
 * @property {HTMLFormElement} form
 * @property {HTMLElement | null} submitter
 * @property {URLSearchParams} body
 * @property {boolean} inPanel
 * @property {HTMLDialogElement | null} dialog
 * @property {HTMLDetailsElement | null} fold what the form folds away into
 * @property {HTMLElement | null} around gets the focus if what had it goes
 */

/**
 * What an answer says.
 * @typedef {object} Outcome
 * @property {Response} answer
 * @property {Document} page
 * @property {HTMLElement | null} task the task that the page shows
 * @property {boolean} conflict whether it shows that another person changed the same field
 * @property {boolean} stray whether it shows a task for which there is no place but the panel
 * @property {HTMLElement | null} wrong what is wrong, where it belongs
 * @property {string | undefined} reason why nothing was saved
 */

/** Forms that were submitted again while they were on their way. @type {WeakSet<HTMLFormElement>} */
const submittedAgain = new WeakSet()

/** Begins to send forms. */
export function startForms() {
  addEventListener('input', ({target}) => {
    const form = formOf(target)
    if (form?.method === 'post') noteDirty(form)
  })
  addEventListener('change', ({target}) => {
    const form = formOf(target)
    if (form?.dataset.auto === '') form.requestSubmit()
  })
  addEventListener('focusout', ({target, relatedTarget}) => {
    const form = formOf(target)
    if (form?.dataset.auto === 'left' && form.dataset.dirty && !form.contains(/** @type {Node | null} */ (relatedTarget))) form.requestSubmit()
  })
  addEventListener('keydown', submitOnEnter)
  addEventListener('submit', event => {
    const form = /** @type {HTMLFormElement} */ (event.target)
    if (event.defaultPrevented || form.method !== 'post' || 'whole' in form.dataset) return
    event.preventDefault()
    send(form, event.submitter)
  })
}

/**
 * Marks a form whose fields differ from what the page came with.
 * @param {HTMLFormElement} form
 */
function noteDirty(form) {
  if (controlsOf(form).some(isDirty)) form.dataset.dirty = '1'
  else delete form.dataset.dirty
}

/** @param {HTMLInputElement | HTMLSelectElement} field */
function isDirty(field) {
  if ('options' in field) return [...field.options].some(option => option.selected !== option.defaultSelected)
  if (field.type === 'checkbox') return field.checked !== field.defaultChecked
  return field.type !== 'hidden' && field.value !== field.defaultValue
}

/**
 * Sends a form on Enter from a box of one line, and with Ctrl from any.
 * @param {KeyboardEvent} event
 */
function submitOnEnter(event) {
  if (event.key !== 'Enter' || event.isComposing || event.defaultPrevented) return
  const target = /** @type {HTMLElement} */ (event.target)
  if (!event.ctrlKey && !event.metaKey && !('line' in target.dataset)) return
  event.preventDefault()
  formOf(target)?.requestSubmit()
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 */
async function send(form, submitter) {
  if (form.classList.contains('pending')) {
    submittedAgain.add(form)
    return
  }
  const sending = prepare(form, submitter)
  form.classList.add('pending')
  form.classList.remove('unsaved')
  const isConfirmed = /** @type {HTMLButtonElement | null} */ (submitter)?.name === 'confirmed'
  // Queued, for undoing waits for what is queued.
  await enqueue('form ' + form.getAttribute('action'), () => isConfirmed ? sendConfirmed(sending) : sendPage(sending))
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 * @returns {Sending}
 */
function prepare(form, submitter) {
  return {
    form, submitter,
    body: bodyOf(form, submitter),
    inPanel: panel().contains(form),
    dialog: form.closest('dialog'),
    fold: submitter && form.closest('details'),
    around: closest(form.parentElement, 'ol,ul,section,main'),
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 */
const bodyOf = (form, submitter) => new URLSearchParams(/** @type {any} */ (new FormData(form, submitter)))

/**
 * Sends a preview that was confirmed.
 * @param {Sending} sending
 */
async function sendConfirmed({form, body, dialog}) {
  const {wrong} = await create(form.getAttribute('action') ?? '', body)
  form.classList.remove('pending')
  if (wrong) {
    fail(form, wrong)
    return
  }
  if (dialog) closePreview(dialog)
  if (!onBoard) refresh()
}

/**
 * Says that a form was not saved.
 * @param {HTMLFormElement} form
 * @param {string} reason
 */
function fail(form, reason) {
  form.classList.add('unsaved')
  toast(reason)
}

/** @param {Sending} sending */
async function sendPage(sending) {
  const {form, body, dialog} = sending
  const {answer, page} = await fetchPage(form.getAttribute('action'), {method: 'POST', body, keepalive: String(body).length < maxKeptAlive})
  form.classList.remove('pending')
  if (!answer || !page) {
    fail(form, say('offline'))
    return
  }
  const preview = query('#quick', page)
  if (preview) {
    showPreview(preview, dialog, form)
    return
  }
  const outcome = read(answer, page, sending.inPanel)
  if (outcome.reason && (!outcome.wrong || outcome.stray)) fail(form, outcome.reason)
  else if (outcome.reason) {
    form.classList.add('unsaved')
    showOutcome(sending, outcome)
  } else if (!resendChanges(sending, outcome)) {
    settleForm(sending, outcome)
    showOutcome(sending, outcome)
  }
}

/**
 * @param {Response} answer
 * @param {Document} page
 * @param {boolean} inPanel
 * @returns {Outcome}
 */
function read(answer, page, inPanel) {
  const task = query('#task', page)
  const conflict = !!task && !!query('.conflict', task)
  const wrong = query('.wrong', page)
  const reason = query('#problem .what', page) ?? (answer.ok || conflict ? null : wrong)
  return {answer, page, task, conflict, wrong, reason: reason?.textContent, stray: !!task && !inPanel && !query('main #task')}
}

/**
 * Has what was changed while a form was on its way follow it, on top of what was
 * saved.
 * @param {Sending} sending
 * @param {Outcome} outcome
 * @returns {boolean} whether there was such a change
 */
function resendChanges({form, submitter, body}, {conflict}) {
  const again = submittedAgain.has(form)
  if (!form.dataset.dirty || conflict || String(bodyOf(form, submitter)) === String(body)) {
    submittedAgain.delete(form)
    return false
  }
  for (const field of controlsOf(form)) if (field.name.startsWith('seen_')) field.value = body.getAll(field.name.slice('seen_'.length)).join(' ')
  if (again) form.requestSubmit()
  submittedAgain.delete(form)
  return true
}

/**
 * Brings a form that was saved to rest.
 * @param {Sending} sending
 * @param {Outcome} outcome
 */
function settleForm({form, fold}, {conflict}) {
  delete form.dataset.dirty
  if (conflict || !('auto' in form.dataset)) form.reset()
  if (!fold) return
  fold.open = false
  const summary = /** @type {HTMLElement | null} */ (fold.firstElementChild)
  summary?.focus()
}

/**
 * Puts the page of an answer where it belongs.
 * @param {Sending} sending
 * @param {Outcome} outcome
 */
function showOutcome(sending, outcome) {
  const {dialog, inPanel, around} = sending
  if (dialog) {
    dialog.close()
    if (!onBoard) refresh()
    return
  }
  if (goesElsewhere(sending, outcome)) {
    location.assign(outcome.answer.url)
    return
  }
  put(sending, outcome)
  query('[role=alert]', inPanel ? panel() : required('#main'))?.scrollIntoView({block: 'nearest'})
  if (document.activeElement === document.body && around?.isConnected) {
    around.tabIndex = -1
    focusInPlace(around)
  }
}

/**
 * Reports whether a form of the page itself has led to another.
 * @param {Sending} sending
 * @param {Outcome} outcome
 */
function goesElsewhere({inPanel}, {answer, stray}) {
  return !inPanel && !stray && answer.redirected && new URL(answer.url).pathname !== new URL(pageAddress()).pathname
}

/**
 * @param {Sending} sending
 * @param {Outcome} outcome
 */
function put({form, inPanel}, {page, task, stray, conflict}) {
  if (stray || inPanel && task) {
    if (conflict || panel().contains(form) && !panel().hidden) present(page)
  } else if (inPanel) leavePanel()
  else applyPage(page)
}
