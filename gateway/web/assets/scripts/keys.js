// Commands: each has a name, a key and a place in the palette, and acts on the
// cards that are selected or else the one under the pointer or the focus.
import {$, $$, active, aim, combobox, context, make, modal, on, point, redo, say, toast, undo, uuid} from './core.js'
import {assign, change, discard, dayText, idOf, isoDay, mayWrite, now, picks, show, statusesOf, taskOf, tasks} from './tasks.js'

let hovered
on('mouseover', e => hovered = e.target.closest?.('.card, .task-row'))

const focused = () => active()?.closest('.card, .task-row, #task')

// targets are the tasks a command is for.
function targets() {
  const chosen = picks.board?.picked
  if (chosen?.size) return [...chosen]
  const el = [focused(), hovered?.isConnected && hovered, !$('#panel').hidden && $('#panel #task'), $('main #task')].find(Boolean)
  const t = el && taskOf(el)
  return t ? [t.id] : []
}

const mine = () => { const ids = targets(); return ids.length && ids.every(id => mayWrite(tasks.get(id))) ? ids : [] }
const onTasks = run => () => { const ids = mine(); ids.length ? run(ids, now(tasks.get(ids[0]))) : toast(say('point')) }

// choose lets pick one of several by typing or arrows. Items with an own state
// stay open, so that several can be chosen.
function choose(title, items, free) {
  $('#choose')?.close()
  const list = make('ul', {id: 'choices', role: 'listbox', ariaLabel: title})
  const box = make('input', {type: 'text', autocomplete: 'off', spellcheck: false, ariaLabel: title, placeholder: say('search')})
  combobox(box, list)
  const dialog = modal('choose', title, make('p', {className: 'name'}, title), box, list)
  let shown = [], at = 0
  const draw = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean)
    shown = items.filter(i => words.every(w => (i.text + ' ' + (i.also ?? '')).toLowerCase().includes(w)))
    const extra = free?.(box.value.trim())
    if (extra) shown = [...shown, extra]
    at = Math.min(at, Math.max(0, shown.length - 1))
    list.replaceChildren(...shown.map((item, i) => {
      const li = make('li', {id: 'choice-' + i, role: 'option', onclick: () => run(item)},
        make('span', {dir: 'auto'}, (item.on?.() ? '✓ ' : '') + item.text))
      if (item.key) li.append(make('kbd', {}, item.key))
      return li
    }))
    if (!shown.length) list.append(make('li', {className: 'empty', role: 'option', ariaDisabled: true}, say('noMatch')))
    point(box, list, shown.length ? at : -1)
  }
  const run = item => {
    if (!item.on) dialog.close()
    item.run()
    if (item.on) { box.value = ''; draw() }
  }
  box.oninput = () => { at = 0; draw() }
  dialog.onkeydown = e => {
    const move = {ArrowDown: 1, ArrowUp: -1}[e.key]
    if (move && shown.length) { e.preventDefault(); point(box, list, at = (at + move + shown.length) % shown.length) }
    if (e.key === 'Enter' && !e.isComposing) { e.preventDefault(); if (shown[at]) run(shown[at]) }
  }
  draw()
}

const pickStatus = onTasks((ids, t) => choose(say('c.status'), statusesOf(t).map(s => ({
  text: s.name, run: () => change(ids, {status: s.key}, say('moved', s.name)),
}))))

const pickPriority = onTasks(ids => choose(say('c.priority'), ['urgent', 'high', 'medium', 'low', 'none'].map(p => ({
  text: say('p.' + p), run: () => change(ids, {priority: p}, say('changed')),
}))))

const pickDue = onTasks(ids => {
  const set = due => change(ids, {due}, say('changed'))
  choose(say('c.due'), [
    {text: say('today'), run: () => set(isoDay())}, {text: say('tomorrow'), run: () => set(isoDay(1))},
    {text: say('nextWeek'), run: () => set(isoDay(7))}, {text: say('noDate'), run: () => set(null)},
  ], text => /^\d{4}-\d\d-\d\d$/.test(text) && !isNaN(Date.parse(text)) ? {text: dayText(text), run: () => set(text)} : null)
})

const pickPeople = onTasks((ids, t) => {
  const members = context.project ? context.people : context.people.filter(p => context.projects.find(q => q.id === t.project_id)?.members.includes(p.id))
  const all = p => ids.every(id => now(tasks.get(id)).assignees.includes(p.id))
  choose(say('c.assign'), members.map(p => ({text: p.name, also: p.handle, on: () => all(p), run: () => assign(ids, p.id, !all(p))})))
})

const pickLabels = onTasks((ids, t) => {
  const has = l => ids.every(id => now(tasks.get(id)).labels.includes(l))
  const item = l => ({text: l, on: () => has(l), run() {
    const off = has(l)
    for (const id of ids) {
      const labels = now(tasks.get(id)).labels.filter(x => x !== l)
      change([id], {labels: off ? labels : [...labels, l].sort()}, say('changed'))
    }
    if (!known.includes(l)) { known.push(l); items.push(this) }
  }})
  const known = [...new Set([...context.labels, ...[...tasks.values()].flatMap(x => x.labels)])].sort()
  const items = known.map(item)
  choose(say('c.label'), items, text => text && !known.includes(text) ? item(text) : null)
})

const editTitle = onTasks((ids, t) => {
  const el = focused() ?? hovered, link = el && $('a.title:not(.open)', el)
  if (!link || idOf(el) !== t.id) return $('#task [name=title], .inline [name=title]', el ?? document)?.focus()
  const box = make('textarea', {className: 'rename', value: t.title, rows: 2, maxLength: 200, ariaLabel: say('c.title'), dir: 'auto'})
  let done
  const end = save => {
    if (done) return
    done = true
    const title = box.value.trim()
    box.replaceWith(link)
    aim(link)
    if (save && title && title !== t.title) change([t.id], {title}, say('changed'), {title: t.title})
    else show(t.id)
  }
  box.onblur = () => end(true)
  box.onkeydown = e => {
    if (e.isComposing) return
    if (e.key === 'Enter') { e.preventDefault(); end(true) }
    if (e.key === 'Escape') { e.stopPropagation(); end(false) }
  }
  link.replaceWith(box)
  box.select()
})

function write() {
  const all = context.project ? [context.project] : context.projects.filter(p => p.writes)
  if (!all[0]?.writes) return
  const box = make('textarea', {name: 'text', rows: 3, required: true, ariaLabel: say('newTasks'), placeholder: say('newTasks')})
  box.dataset.suggest = 'people'
  const form = make('form', {method: 'post', className: 'stack'}, box), to = id => form.action = `/projects/${id}/tasks`
  to(all[0].id)
  if (!context.project) form.prepend(make('select', {ariaLabel: say('go', ''), onchange: e => to(e.target.value)}, ...all.map(p => make('option', {value: p.id}, p.name))))
  const column = focused()?.closest('.column')?.dataset.status
  const hidden = {status: column ?? '', back: location.pathname + location.search, key: uuid()}
  form.append(...Object.keys(hidden).map(name => make('input', {type: 'hidden', name, value: hidden[name]})), make('button', {}, say('add')))
  box.onkeydown = e => { if (e.key === 'Enter' && !e.shiftKey && !e.isComposing && !box.value.trim().includes('\n')) { e.preventDefault(); form.requestSubmit() } }
  modal('write', say('c.new'), form)
}

const step = (dx, dy) => () => {
  if (picks.board?.holding()) return picks.board.shift(dx, dy)
  if (picks.board) return picks.board.step(dx, dy)
  if (dx) return
  const all = $$('.task-row a.title'), i = all.indexOf(focused()?.querySelector('a.title'))
  all[Math.min(all.length - 1, Math.max(0, i + dy))]?.focus()
}

function help() {
  const dialog = modal('help', say('keys'), make('h2', {}, say('keys')),
    make('dl', {}, ...commands.filter(c => c.keys).map(c => make('div', {}, make('dt', {}, ...c.keys.map(k => make('kbd', {}, k))), make('dd', {}, c.text)))),
    make('button', {onclick: () => dialog.close()}, say('close')))
}

function theme() {
  const {dataset} = document.documentElement, dark = dataset.theme ? dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  const to = dataset.theme = dark ? 'light' : 'dark'
  fetch('/look', {method: 'POST', body: new URLSearchParams({theme: to, back: '/'}), redirect: 'manual'}).catch(() => {})
}

const open = () => (focused() ?? hovered)?.querySelector('a.title')?.click()

const commands = [
  {id: 'new', keys: ['c'], run: write},
  {id: 'open', keys: ['o', 'Enter'], run: open},
  {id: 'title', keys: ['e'], run: editTitle},
  {id: 'status', keys: ['s'], run: pickStatus},
  {id: 'assign', keys: ['a'], run: pickPeople},
  {id: 'me', keys: ['m'], run: onTasks((ids, t) => assign(ids, context.me, !t.assignees.includes(context.me)))},
  {id: 'priority', keys: ['p'], run: pickPriority},
  {id: 'due', keys: ['d'], run: pickDue},
  {id: 'label', keys: ['l'], run: pickLabels},
  {id: 'delete', keys: ['Delete', '#'], run: onTasks(ids => discard(ids))},
  {id: 'copy', keys: ['y'], run: () => { const [id] = targets(); if (id) navigator.clipboard?.writeText(`${location.origin}/tasks/${id}`).then(() => toast(say('copied'))) }},
  {id: 'select', keys: ['x'], board: true, run: onTasks(() => { const t = taskOf(focused() ?? hovered); if (t) picks.board.pick(t.id) })},
  {id: 'lift', keys: ['Space'], board: true, run: () => {
    if (picks.board.holding()) return picks.board.release(true)
    const t = taskOf(focused())
    if (t && mayWrite(t)) picks.board.hold(t.id)
  }},
  {id: 'down', keys: ['j', '↓'], run: step(0, 1)},
  {id: 'up', keys: ['k', '↑'], run: step(0, -1)},
  {id: 'left', keys: ['h', '←'], board: true, run: step(-1, 0)},
  {id: 'right', keys: ['→'], board: true, run: step(1, 0)},
  {id: 'find', keys: ['/'], run: () => { const q = $('#q'); q ? q.focus() : location.assign('/find') }},
  {id: 'undo', keys: ['Ctrl+Z'], run: () => undo()},
  {id: 'redo', keys: ['Ctrl+Shift+Z'], run: redo},
  {id: 'theme', run: theme},
  {id: 'palette', keys: ['Ctrl+K'], run: palette},
  {id: 'help', keys: ['?'], run: help},
  {id: 'escape', keys: ['Escape'], run: escape},
].map(c => ({...c, text: say('c.' + c.id)}))

function palette() {
  // What the page itself offers is there too, but for what each line of a list does.
  const offered = $$('a[href], button, summary').filter(el => el.matches('#top *, .tabs *, .chips *, :not(dialog *, li *, tr *)') && el.textContent.trim() && el.checkVisibility() || el.matches('#top *'))
  const around = offered.map(el => ({text: el.href ? say('go', el.textContent.trim()) : el.textContent.trim(), run: () => {
    const box = $('input:not([type=hidden]), textarea', el.form ?? make('p'))
    box && !box.value ? box.focus() : el.click()
  }})).filter(i => i.text)
  const there = commands.filter(c => (!c.board || picks.board) && !['palette', 'escape'].includes(c.id))
  // What a command is for is known before the palette takes the focus.
  const card = focused() ?? (hovered?.isConnected ? hovered : null)
  choose(say('commands'), [...there.map(c => ({text: c.text, key: c.keys?.join(' '), run: () => { if (card) { hovered = card; aim($('a.title', card)) } c.run() }})), ...around])
}

function escape() {
  if (picks.board?.holding()) return picks.board.release(false)
  const menu = $('details.menu[open]')
  if (menu) {
    menu.open = false
    $('summary', menu).focus()
  } else if (!$('#panel').hidden) $('#panel [data-close]').click()
  else picks.board?.unpick()
}

const names = {' ': 'Space', ArrowDown: '↓', ArrowUp: '↑', ArrowLeft: '←', ArrowRight: '→'}
const byKey = new Map(commands.flatMap(c => (c.keys ?? []).map(k => [k.toLowerCase(), c])))

on('keydown', e => {
  if (e.isComposing || e.defaultPrevented) return
  const writing = e.target.closest?.('input:not([type=checkbox]), textarea, select, dialog')
  const control = e.ctrlKey || e.metaKey
  if (control || e.altKey) {
    const key = 'ctrl+' + (e.shiftKey ? 'shift+' : '') + e.key.toLowerCase()
    if (e.altKey || !byKey.has(key) || writing && key !== 'ctrl+k') return
    e.preventDefault()
    return byKey.get(key).run()
  }
  const key = (names[e.key] ?? e.key).toLowerCase(), command = byKey.get(key)
  if (writing && !(key === 'escape' && !e.target.closest('dialog'))) return
  if (writing) return e.target.closest('.menu') ? escape() : e.target.blur()
  if (!command || command.board && !picks.board || key === 'enter') return
  const arrow = '↓↑←→'.includes(key) || key === 'space'
  if (arrow && (!picks.board || !e.target.closest('#board'))) return
  if (key === 'space' && e.target.closest('button, summary')) return
  e.preventDefault()
  command.run()
})
$('#open-palette').onclick = palette
// Cells that are no fields of their own are edited as by their key.
on('click', e => {
  const cell = e.target.closest?.('td.labels, td.people')
  if (cell) cell.matches('.labels') ? pickLabels() : pickPeople()
})
