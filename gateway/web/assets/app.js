// Begins what the page needs: forms that are sent without leaving it, the panel,
// what others do as they do it.
import {$, $$, announce, api, apply, context, make, morph, page, position, refresh, remember, say, saw, toast, uuid} from './core.js'
import {create, elements, idOf, picks, show, take, taskOf, tasks} from './tasks.js'
import './keys.js'

const root = document.documentElement, panel = $('#panel'), onBoard = document.body.dataset.page === 'board'
root.classList.add('js')

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
if (zone && !document.cookie.includes('docket_zone=' + zone)) {
  document.cookie = `docket_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax`
  if (!onBoard && zone !== 'UTC') refresh()
}

// told shows what a page says was done, with a way back.
function told(doc) {
  const done = $('#done', doc)
  if (!done) return
  const form = $('form', done), text = $('span', done).textContent
  if (doc === document) done.remove()
  if (form) remember(text, [{path: form.dataset.undo, revision: Number(form.dataset.revision)}])
  else toast(text)
}
told(document)

// Forms. The answer is the page the form leads to, and is put in place here.
const isDirty = c => c.type === 'checkbox' ? c.checked !== c.defaultChecked
  : c.options ? [...c.options].some(o => o.selected !== o.defaultSelected) : c.type !== 'hidden' && c.value !== c.defaultValue
addEventListener('input', e => {
  const form = e.target.form
  if (!form || form.method !== 'post') return
  if ([...form.elements].some(isDirty)) form.dataset.dirty = ''
  else delete form.dataset.dirty
})
addEventListener('change', e => { if (e.target.form?.dataset.auto !== undefined) e.target.form.requestSubmit() })
addEventListener('submit', e => {
  const form = e.target
  if (e.defaultPrevented || form.method !== 'post' || form.dataset.whole !== undefined) return
  e.preventDefault()
  send(form, e.submitter)
})

async function send(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter)), inPanel = panel.contains(form)
  const dialog = form.closest('dialog')
  form.classList.add('pending')
  form.classList.remove('unsaved')
  const failed = text => {
    form.classList.add('unsaved')
    form.classList.remove('pending')
    toast(text)
    announce(text)
  }
  if (submitter?.name === 'confirmed') {
    const {wrong} = await create(form.getAttribute('action'), body)
    if (wrong) return failed(wrong)
    if (dialog) { dialog.close(); dialog.from.reset(); $('[name=key]', dialog.from).value = uuid() }
    return onBoard || refresh()
  }
  let result
  try { result = await page(form.getAttribute('action'), {method: 'POST', body}) } catch { return failed(say('offline')) }
  const {answer, doc} = result, problem = $('#problem', doc)
  if (problem) return failed($('.what', problem).textContent)
  form.classList.remove('pending')
  delete form.dataset.dirty
  $('.meanwhile', form)?.remove()
  told(doc)
  for (const box of $$('textarea', form)) if (box.closest('#say') && answer.ok) box.value = ''
  const preview = $('#quick', doc)
  if (preview) return showPreview(preview, dialog, form)
  dialog?.close()
  const task = $('#task', doc)
  if (inPanel) {
    // Meanwhile it may have been closed, or another opened.
    const shown = $('#task', panel)
    if (!task) close()
    else if (shown && idOf(shown) === idOf(task)) { morph(shown, task); taskOf(shown) }
    $('[role=alert]', panel)?.scrollIntoView({block: 'nearest'})
    return
  }
  if (dialog) return onBoard || refresh()
  const to = new URL(answer.url)
  if (to.pathname !== location.pathname && answer.redirected) return location.assign(to)
  apply(doc)
  $('main [role=alert]')?.scrollIntoView({block: 'nearest'})
}

function showPreview(section, dialog, form) {
  dialog ??= document.body.appendChild(make('dialog', {id: 'write', ariaLabel: say('c.new'), onclose: e => e.target.remove()}))
  dialog.replaceChildren(section)
  dialog.from ??= form
  for (const a of $$('a', section)) a.onclick = e => { e.preventDefault(); dialog.close() }
  if (!dialog.open) dialog.showModal()
  $('[name=confirmed]', dialog).focus()
}

// The panel shows a task beside the page, under the task's own address.
let below = location.href, back
async function open(href, push = true) {
  const {answer, doc} = await page(href).catch(() => ({}))
  const task = doc && $('#task', doc)
  if (!task) return answer ? location.assign(href) : toast(say('offline'))
  if (panel.hidden) { below = location.href; back = document.activeElement; $('#main').dataset.page = below }
  context.labels = JSON.parse($('#context', doc).textContent).labels
  panel.replaceChildren(task)
  panel.hidden = false
  taskOf(task)
  document.title = doc.title
  if (push) history.pushState({panel: href}, '', href)
  ;($('[data-close]', panel) ?? panel).focus()
}

function close(pop = true) {
  if (panel.hidden) return
  panel.hidden = true
  panel.replaceChildren()
  if (pop) history.pushState({}, '', below)
  document.title = document.title.replace(/.*(?= · )/, $('h1')?.textContent ?? '')
  back?.isConnected && back.focus({preventScroll: true})
  delete $('#main').dataset.page
}

addEventListener('popstate', e => e.state?.panel ? open(e.state.panel, false) : close(false))
addEventListener('click', e => {
  const link = e.target.closest?.('a')
  for (const menu of $$('details.menu[open]')) if (!menu.contains(e.target)) menu.open = false
  if (!link || e.defaultPrevented || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return
  if (link.dataset.close !== undefined && panel.contains(link)) { e.preventDefault(); close() }
  else if (link.dataset.again !== undefined && panel.contains(link)) { e.preventDefault(); open(link.href, false) }
  else if (link.matches('.title, .mention a') && $('#main').contains(link) && !$('main #task')) { e.preventDefault(); open(link.getAttribute('href')) }
  else if (link.matches('.history .more') && panel.contains(link)) { e.preventDefault(); open(link.href, false) }
})

async function refreshPanel() {
  const shown = $('#task', panel)
  if (!shown) return
  const {answer, doc} = await page(shown.dataset.href).catch(() => ({}))
  const task = doc && $('#task', doc)
  if (task && $('#task', panel) === shown) morph(shown, task)
  else if (answer?.status === 404) { close(); toast(say('gone')) }
}

// Suggestions while writing: people after @, labels in their field.
let hint
addEventListener('input', e => suggest(e.target))
function suggest(box) {
  hint?.remove()
  hint = null
  const kind = box.dataset?.suggest ?? (box.form?.dataset.suggest === '' || box.closest?.('.add') ? 'people' : undefined)
  if (!kind) return
  const before = box.value.slice(0, box.selectionStart), found = before.match(kind === 'people' ? /(?:^|\s)@([\p{L}\p{N}_.-]*)$/u : /(?:^|,)\s*([^,]+)$/)
  if (!found) return
  const part = found[1].toLowerCase()
  const all = kind === 'people' ? context.people.map(p => [p.name, p.handle]) : (context.labels ?? []).map(l => [l, l])
  const some = all.filter(([name, word]) => word.toLowerCase().startsWith(part) || name.toLowerCase().includes(part)).slice(0, 6)
  if (!some.length || some.length === 1 && some[0][1] === found[1]) return
  const use = word => {
    box.setRangeText(word + (kind === 'people' ? ' ' : ''), before.length - found[1].length, before.length, 'end')
    hint?.remove()
    hint = null
    box.dispatchEvent(new Event('input', {bubbles: true}))
  }
  hint = make('ul', {className: 'hints', role: 'listbox', ariaLabel: say('search')}, ...some.map(([name, word], i) =>
    make('li', {role: 'option', textContent: name, ariaSelected: String(!i), onmousedown: e => { e.preventDefault(); use(word) }})))
  hint.use = () => use(some[[...hint.children].findIndex(li => li.ariaSelected === 'true')][1])
  box.after(hint)
}
addEventListener('keydown', e => {
  if (!hint || e.isComposing) return
  const move = {ArrowDown: 1, ArrowUp: -1}[e.key], all = [...hint.children]
  if (move) {
    const at = all.findIndex(li => li.ariaSelected === 'true')
    all[at].ariaSelected = 'false'
    all[(at + move + all.length) % all.length].ariaSelected = 'true'
  } else if (e.key === 'Enter' || e.key === 'Tab') hint.use()
  else if (e.key === 'Escape') { hint.remove(); hint = null }
  else return
  e.preventDefault()
  e.stopPropagation()
}, true)
addEventListener('focusout', () => { hint?.remove(); hint = null })

// Finding as one types: the address keeps what was asked.
let asked = 0, wait
$('#search')?.addEventListener('input', e => {
  if (e.target.id !== 'q') return
  clearTimeout(wait)
  wait = setTimeout(() => find(e.target), 120)
})
async function find(box) {
  const turn = ++asked, to = new URL(location.href)
  to.searchParams.delete('cursor')
  if (box.value.trim()) to.searchParams.set('q', box.value.trim())
  else to.searchParams.delete('q')
  if (!panel.hidden) return
  history.replaceState(history.state, '', to)
  if (picks.board) return narrow(box.value.trim(), turn)
  const {doc} = await page(to).catch(() => ({}))
  if (doc && turn === asked) apply(doc)
}

async function narrow(q, turn = ++asked) {
  if (!q) return picks.board.filter(null)
  const answer = await fetch(`/projects/${context.project.id}/matches?q=${encodeURIComponent(q)}`, {headers: {Accept: 'application/json', 'Docket-Position': position}}).catch(() => null)
  if (answer?.ok && turn === asked) picks.board.filter(await answer.json())
}

// What others do. One stream per page; it goes on where it broke off.
let source, last = context.position, hiding
function follow() {
  source?.close()
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
  if ($('#task', panel)?.dataset.href.endsWith(e.task_id ?? '-') || !e.task_id && !panel.hidden) {
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
      if (answer.data.revision > (before?.revision ?? 0) && !before?.pending) queueMicrotask(() => picks.board?.flash(id))
    }))
    if (picks.board && $('#q').value.trim()) narrow($('#q').value.trim())
  }
  fetching = false
}

// reboard takes a change of the project itself.
async function reboard() {
  const {answer, doc} = await page(panel.hidden ? location.href : below).catch(() => ({}))
  if (!answer || answer.status >= 500) return soon = setTimeout(reboard, 2000)
  if (!$('#board', doc)) return location.reload()
  Object.assign(context, JSON.parse($('#context', doc).textContent))
  morph($('#head'), $('#head', doc))
  picks.board.reshape($('#board', doc))
}

addEventListener('changed', e => { picks.board?.changed(e.detail) })
addEventListener('written', e => {
  for (const t of e.detail) if (t?.title !== undefined) { take(t); show(t.id) }
  if (!onBoard) refresh()
})

addEventListener('visibilitychange', () => {
  clearTimeout(hiding)
  // Browsers allow few connections to a host; who does not look needs none.
  if (document.hidden) hiding = setTimeout(() => { source?.close(); source = null }, 30000)
  else if (!source) follow()
})
addEventListener('pagehide', () => source?.close())
addEventListener('pageshow', e => { if (e.persisted) follow() })

for (const el of $$('[data-task]')) taskOf(el)
if (onBoard) {
  await import('./board.js')
  const {board} = picks
  board.begin()
  if ($('#q').value.trim()) await narrow($('#q').value.trim())
  await board.fill()
}
if (document.body.dataset.page === 'status') setInterval(() => { if (!document.hidden) refresh() }, 2000)
follow()
