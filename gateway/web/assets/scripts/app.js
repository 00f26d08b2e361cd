// Begins what the page needs: forms that are sent without leaving it, the panel,
// what others do as they do it.
import {$, $$, active, aim, announce, api, apply, combobox, context, make, modal, morph, on, page, point, position, refresh, say, saw, toast, told, uuid} from './core.js'
import {create, picks, show, take, taskOf, tasks} from './tasks.js'
import './keys.js'

const root = document.documentElement, panel = $('#panel'), onBoard = document.body.dataset.page === 'board'
root.classList.add('js')

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
if (zone && !document.cookie.includes('docket_zone=' + zone)) {
  document.cookie = `docket_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax`
  if (!onBoard && zone !== 'UTC') refresh()
}

told(document)

// Forms. The answer is the page the form leads to, and is put in place here.
const isDirty = c => c.type === 'checkbox' ? c.checked !== c.defaultChecked
  : c.options ? [...c.options].some(o => o.selected !== o.defaultSelected) : c.type !== 'hidden' && c.value !== c.defaultValue
on('input', ({target: {form}}) => {
  if (form?.method !== 'post') return
  if ([...form.elements].some(isDirty)) form.dataset.dirty = 1
  else delete form.dataset.dirty
})
on('change', ({target: {form}}) => { if (form?.dataset.auto === '') form.requestSubmit() })
on('focusout', ({target: {form}, relatedTarget: to}) => {
  if (form?.dataset.auto === 'left' && form.dataset.dirty && !form.contains(to)) form.requestSubmit()
  unhint()
})
on('keydown', e => {
  if (e.key !== 'Enter' || e.isComposing || e.defaultPrevented || !(e.ctrlKey || e.metaKey || 'line' in e.target.dataset)) return
  e.preventDefault()
  e.target.form?.requestSubmit()
})
on('submit', e => {
  const form = e.target
  if (e.defaultPrevented || form.method !== 'post' || 'whole' in form.dataset) return
  e.preventDefault()
  send(form, e.submitter)
})

async function send(form, submitter) {
  // What is changed while a form is on its way follows it.
  if (form.classList.contains('pending')) return form.again = true
  const collect = () => new URLSearchParams(new FormData(form, submitter)), body = collect(), text = String(body)
  const inPanel = panel.contains(form), dialog = form.closest('dialog'), fold = submitter && form.closest('details'), near = form.parentElement.closest('ol,ul,section,main')
  form.classList.add('pending')
  form.classList.remove('unsaved')
  const failed = text => {
    form.classList.add('unsaved')
    toast(text)
  }
  if (submitter?.name === 'confirmed') {
    const {wrong} = await create(form.getAttribute('action'), body)
    form.classList.remove('pending')
    if (wrong) return failed(wrong)
    if (dialog) { dialog.close(); dialog.from.reset(); $('[name=key]', dialog.from).value = uuid() }
    return onBoard || refresh()
  }
  const {answer, doc} = await page(form.getAttribute('action'), {method: 'POST', body, keepalive: text.length < 6e4})
  form.classList.remove('pending')
  const lines = doc && $('#quick', doc)
  if (lines) return showPreview(lines, dialog, form)
  const task = doc && $('#task', doc), both = task && $('.conflict', task), stray = task && !inPanel && !$('main #task')
  const wrong = doc && $('.wrong', doc), why = doc ? ($('#problem .what', doc) ?? (!answer.ok && !both && wrong))?.textContent : say('offline')
  if (why) {
    if (!wrong || stray) return failed(why)
    form.classList.add('unsaved')
  } else {
    if (form.dataset.dirty && !both && String(collect()) !== text) {
      for (const c of form.elements) if (c.name.startsWith('seen_')) c.value = body.getAll(c.name.slice(5)).join(' ')
      if (form.again) form.requestSubmit()
      return form.again = false
    }
    form.again = false
    delete form.dataset.dirty
    if (both || !('auto' in form.dataset)) form.reset()
    if (fold) { fold.open = false; fold.firstElementChild.focus() }
  }
  if (dialog) { dialog.close(); return onBoard || refresh() }
  if (stray || inPanel && task) { if (both || panel.contains(form) && !panel.hidden) present(doc) } else if (inPanel) leave()
  else {
    const to = new URL(answer.url)
    if (answer.redirected && to.pathname !== new URL(context.here || location).pathname) return location.assign(to)
    apply(doc)
  }
  $('[role=alert]', inPanel ? panel : $('#main'))?.scrollIntoView({block: 'nearest'})
  if (active() === document.body && near?.isConnected) {
    near.tabIndex = -1
    aim(near)
  }
}

function showPreview(section, dialog, form) {
  dialog ??= modal('write', say('c.new'))
  dialog.replaceChildren(section)
  dialog.from ??= form
  for (const a of $$('a', section)) a.onclick = e => { e.preventDefault(); dialog.close() }
  $('[name=confirmed]', dialog).focus()
}

// The panel shows a task beside the page, under the task's own address; the
// page's is context.here meanwhile. Closed, it keeps what was being written.
let back, title, leaving
const leave = () => leaving ||= !history.back() // once, or it would lead out of Docket
const loaded = location.pathname
async function open(href, from) {
  const {answer, doc} = await page(href)
  if (doc && $('#task', doc)) present(doc, from)
  else if (answer) location.assign(href)
  else toast(say('offline'))
}

function present(doc, from = active()) {
  const task = $('#task', doc), old = $('#task', panel), href = task.dataset.href, opens = panel.hidden
  context.labels = JSON.parse($('#context', doc).textContent).labels
  if (old?.dataset.href === href) morph(old, task)
  else panel.replaceChildren(task)
  taskOf($('#task', panel))
  if (opens) { back = from; title = document.title }
  if (location.pathname !== href) {
    if (opens) context.here = location.href
    history[opens ? 'pushState' : 'replaceState']({panel: href}, '', href)
  }
  panel.hidden = false
  document.title = doc.title
  if (opens || old !== $('#task', panel)) $('[data-close]', panel).focus()
}

function close() {
  if (panel.contains(active())) active().blur()
  history.replaceState(null, '', context.here)
  context.here = ''
  panel.hidden = true
  leaving = false
  document.title = title
  if (back.isConnected) aim(back)
}

on('popstate', e => {
  if (e.state?.panel && !$('main #task')) open(e.state.panel)
  else if (location.pathname !== loaded) location.reload()
  else if (!panel.hidden) close()
})
on('click', e => {
  const link = e.target.closest?.('a')
  for (const menu of $$('details.menu[open]')) if (!menu.contains(e.target)) menu.open = false
  if (!link || e.defaultPrevented || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return
  const inPanel = panel.contains(link)
  if (inPanel && 'close' in link.dataset) leave()
  else if (inPanel && link.matches('[data-again], .more') || link.matches('main .title') && !$('main #task')) open(link.getAttribute('href'), link)
  else return
  e.preventDefault()
})

async function refreshPanel() {
  const shown = $('#task', panel)
  const {answer, doc} = await page(shown.dataset.href)
  if (panel.hidden || $('#task', panel) !== shown) return
  if (doc && $('#task', doc)) present(doc)
  else if (answer?.status === 404) { leave(); toast(say('gone')) }
}

// Suggestions while writing: people after @, labels in their field. The box is a
// combobox for as long as there are some.
let hint
function unhint() {
  if (hint) combobox(hint.box)
  hint?.list.remove()
  hint = null
}
on('input', ({target: box}) => {
  const count = hint?.list.childElementCount, kind = box.dataset.suggest ?? (box.closest('.add') && 'people')
  unhint()
  if (!kind) return
  const before = box.value.slice(0, box.selectionStart), found = before.match(kind === 'people' ? /(?:^|\s)@([\p{L}\p{N}_.-]*)$/u : /(?:^|,)\s*([^,]+)$/)
  if (!found) return
  const part = found[1].toLowerCase(), all = kind === 'people' ? context.people.map(p => [p.name, p.handle]) : context.labels.map(l => [l, l])
  const some = all.filter(([name, word]) => word.toLowerCase().startsWith(part) || name.toLowerCase().includes(part)).slice(0, 6)
  if (!some.length || some.length === 1 && some[0][1] === found[1]) return
  const use = at => {
    unhint()
    box.setRangeText(some[at][1] + (kind === 'people' ? ' ' : ''), before.length - found[1].length, before.length, 'end')
    box.dispatchEvent(new Event('input', {bubbles: true}))
  }
  const list = make('ul', {id: 'hints', className: 'hints', role: 'listbox', ariaLabel: say('search')}, ...some.map(([name], i) =>
    make('li', {id: 'hint-' + i, role: 'option', onmousedown: e => { e.preventDefault(); use(i) }}, name)))
  box.after(list)
  hint = {box, list, use, at: 0}
  combobox(box, list)
  point(box, list, 0)
  if (count !== some.length) announce(say('hints', some.length))
})
on('keydown', e => {
  if (!hint || e.isComposing) return
  const move = {ArrowDown: 1, ArrowUp: -1}[e.key], {box, list, use, at} = hint, n = list.childElementCount
  if (move) point(box, list, hint.at = (at + move + n) % n)
  else if (e.key === 'Enter' || e.key === 'Tab') use(at)
  else if (e.key === 'Escape') unhint()
  else return
  e.preventDefault()
  e.stopPropagation()
}, true)

// Finding as one types: the address keeps what was asked.
let asked = 0, wait
$('#search')?.addEventListener('input', e => {
  if (e.target.id !== 'q') return
  clearTimeout(wait)
  wait = setTimeout(() => find(e.target), 120)
})
async function find(box) {
  const turn = ++asked, q = box.value.trim(), to = new URL(context.here || location)
  to.searchParams.delete('cursor')
  to.searchParams[q ? 'set' : 'delete']('q', q)
  if (panel.hidden) history.replaceState(null, '', to)
  else context.here = to.href
  if (picks.board) narrow(q)
  const {doc} = await page(to)
  if (doc && turn === asked) apply(doc)
}

let narrowed = 0
async function narrow(q) {
  const turn = ++narrowed
  if (!q) return picks.board.filter(null)
  const answer = await fetch(`/projects/${context.project.id}/matches?q=${encodeURIComponent(q)}`, {headers: {Accept: 'application/json', 'Docket-Position': position}}).catch(() => null)
  if (answer?.ok && turn === narrowed) picks.board.filter(await answer.json())
}

// What others do. One stream per page; it goes on where it broke off.
let source, last = context.position, hiding
function follow() {
  source?.close()
  if (!last) return // a page that shows nothing has no news
  const only = context.project ? '&project=' + context.project.id : ''
  source = new EventSource(`/api/v1/feed?after=${encodeURIComponent(last)}${only}`)
  source.onopen = () => { $('#offline').hidden = true; fetchWaiting() }
  source.onerror = async () => {
    $('#offline').hidden = false
    if (source.readyState !== EventSource.CLOSED) return
    const may = await fetch('/api/v1/' + (context.project ? 'projects/' + context.project.id : 'me')).catch(() => null)
    if ([401, 404].includes(may?.status)) return location.reload()
    setTimeout(follow, 2000)
  }
  source.onmessage = e => {
    last = e.lastEventId
    saw(last)
    happened(JSON.parse(e.data))
  }
}

const waiting = new Set()
let soon, soonPanel
function happened(e) {
  if (e.task_id && (onBoard || tasks.has(e.task_id))) {
    waiting.add(e.task_id)
    queueMicrotask(fetchWaiting)
  }
  if (!panel.hidden && (!e.task_id || $('#task', panel).dataset.href.endsWith(e.task_id))) {
    clearTimeout(soonPanel)
    soonPanel = setTimeout(refreshPanel, 60)
  }
  if (onBoard && e.task_id) return
  clearTimeout(soon)
  soon = setTimeout(onBoard ? reboard : refresh, 80)
}

// fetchWaiting asks for what others have changed. What cannot be had now is
// asked for when there is a connection again.
let fetching
async function fetchWaiting() {
  if (fetching) return
  fetching = true
  let lost
  while (waiting.size && !lost) {
    await picks.board?.adding
    const ids = [...waiting]
    waiting.clear()
    const missed = id => { lost = true; waiting.add(id) }
    // So many at once are better asked for together.
    if (ids.length > 40 && picks.board) { if (!await picks.board.fill()) ids.forEach(missed) }
    else await Promise.all(ids.map(async id => {
      const answer = await api('GET', 'tasks/' + id), before = tasks.get(id)
      if (!answer.status || answer.status >= 500) return missed(id)
      if (answer.ok) take(answer.data)
      else tasks.delete(id)
      show(id)
      if (answer.data?.revision > (before?.revision ?? 0) && !before?.pending) queueMicrotask(() => picks.board?.flash(id))
    }))
    const q = picks.board && $('#q').value.trim()
    if (q) narrow(q)
  }
  fetching = false
}

// reboard takes a change of the project itself.
async function reboard() {
  const {answer, doc} = await page(context.here || location.href)
  if (!answer || answer.status >= 500) return soon = setTimeout(reboard, 2000)
  if (!$('#board', doc)) return location.reload()
  apply(doc)
  picks.board.reshape($('#board', doc))
}

on('changed', e => { picks.board?.changed(e.detail) })
on('written', e => {
  for (const t of e.detail) if (t?.title !== undefined) { take(t); show(t.id) }
  if (!onBoard) refresh()
})

on('visibilitychange', () => {
  clearTimeout(hiding)
  // Browsers allow few connections to a host; who does not look needs none.
  if (document.hidden) hiding = setTimeout(() => { source?.close(); source = null }, 30000)
  else if (!source) follow()
})
on('pagehide', () => source?.close())
on('pageshow', e => { if (e.persisted) follow() })

for (const el of $$('[data-task]')) taskOf(el)
if (onBoard) {
  await import('./board.js')
  const {board} = picks, q = $('#q').value.trim()
  board.begin()
  if (q) await narrow(q)
  await board.fill()
}
if (document.body.dataset.page === 'status') setInterval(() => { if (!document.hidden) refresh() }, 2000)
follow()
