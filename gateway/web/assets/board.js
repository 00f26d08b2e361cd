// The board: thousands of cards of which only those in sight are in the page,
// moved by mouse, finger and keys.
import {$, $$, announce, api, context, make, remember, say, still, toast, uuid} from './core.js'
import {idOf, now, paint, settle, take, taskOf, tasks} from './tasks.js'

const board = $('#board'), template = $('#card-template')
const gap = 8, margin = 500
let columns = new Map(), only = null
export const picked = new Set()

const inOrder = (a, b) => a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : (a.sub ?? 0) - (b.sub ?? 0) || a.number - b.number

// begin takes over the columns that the page came with.
export function begin() {
  columns = new Map($$('.column', board).map(el => [el.dataset.status, {key: el.dataset.status, el, list: $('.cards', el), ids: [], nodes: new Map()}]))
  for (const column of columns.values()) {
    for (const li of $$('.card', column.list)) { taskOf(li); column.nodes.set(idOf(li), li) }
    let due
    column.list.addEventListener('scroll', () => { due ??= requestAnimationFrame(() => { due = null; layout(column) }) }, {passive: true})
    const form = $('.add', column.el)
    if (form) addForm(form, column)
  }
}

// fill asks for all cards, of which the page came with the first.
export async function fill() {
  const answer = await api('GET', `projects/${context.project.id}/board`)
  if (!answer.ok) return
  const seen = new Set()
  for (const c of answer.data.columns) for (const card of c.tasks) {
    take({...card, project_id: context.project.id})
    seen.add(card.id)
  }
  for (const id of tasks.keys()) if (!seen.has(id) && !tasks.get(id).pending) tasks.delete(id)
  for (const more of $$('.more', board)) more.remove()
  arrange()
  board.dataset.ready = ''
  performance.mark('interactive')
}

// filter shows only the cards with these ids, null for all.
export function filter(ids) {
  only = ids && new Set(ids)
  arrange()
}

export function arrange() {
  for (const column of columns.values()) column.ids = []
  const all = [...tasks.values()].filter(t => t.project_id === context.project.id).map(now)
    .filter(t => !t.deleted && !t.deleted_at && (!only || only.has(t.id) || t.pending)).sort(inOrder)
  for (const t of all) columns.get(t.status)?.ids.push(t.id)
  for (const column of columns.values()) { count(column); layout(column) }
}

function count(column) {
  const limit = context.project.statuses.find(s => s.key === column.key)?.limit, n = column.ids.length, el = $('.count', column.el)
  el.textContent = limit ? `${n} / ${limit}` : n
  el.classList.toggle('over', limit > 0 && n > limit)
}

const height = id => tasks.get(id)?.height ?? 86

// layout puts the cards in sight into the column and spacers in place of the
// others.
function layout(column) {
  const {list, ids, nodes} = column
  const from = list.scrollTop - margin, to = list.scrollTop + list.clientHeight + margin
  let y = 0, above = 0, first = -1, last = -1, shown = 0
  for (let i = 0; i < ids.length; i++) {
    const h = height(ids[i])
    if (y + h >= from && first < 0) { first = i; above = y }
    if (first >= 0 && y <= to) { last = i; shown += h }
    y += h
  }
  const want = first < 0 ? [] : ids.slice(first, last + 1), keep = new Set(want), focus = document.activeElement?.closest?.('.card')
  for (const [id, li] of nodes) if (!keep.has(id)) {
    if (li === focus) { list.focus({preventScroll: true}); returnTo = id }
    li.remove()
    nodes.delete(id)
  }
  column.top ??= make('li', {className: 'space', ariaHidden: 'true'})
  column.bottom ??= make('li', {className: 'space', ariaHidden: 'true'})
  if (list.firstChild !== column.top) list.prepend(column.top)
  if (list.lastChild !== column.bottom) list.append(column.bottom)
  let at = column.top.nextSibling
  const fresh = []
  want.forEach((id, i) => {
    let li = nodes.get(id)
    if (!li) {
      li = template.content.firstElementChild.cloneNode(true)
      li.id = 't-' + id
      li.dataset.id = id
      paint(li, tasks.get(id))
      li.toggleAttribute('data-picked', picked.has(id))
      nodes.set(id, li)
    }
    if (!tasks.get(id).height) fresh.push([id, li])
    li.ariaSetSize = ids.length
    li.ariaPosInSet = first + i + 1
    if (li === at) at = at.nextSibling
    else (li.isConnected && list.moveBefore || list.insertBefore).call(list, li, at)
  })
  while (at && at !== column.bottom) {
    const next = at.nextSibling
    if (!at.classList.contains('gap')) at.remove()
    at = next
  }
  column.top.style.height = above + 'px'
  column.bottom.style.height = Math.max(0, y - above - shown) + 'px'
  for (const [id, li] of fresh) tasks.get(id).height = li.offsetHeight + gap || 86
}

let returnTo

// changed is a task that looks or stands otherwise than before.
export function changed(id) {
  const t = tasks.get(id)
  for (const column of columns.values()) {
    const li = column.nodes.get(id)
    if (li && t) { paint(li, t); delete t.height }
  }
  soonArrange()
}

let arranging = false
function soonArrange() {
  if (arranging) return
  arranging = true
  queueMicrotask(() => { arranging = false; arrange() })
}

export function flash(id) {
  const li = $('#t-' + id)
  if (!li || still.matches) return
  li.classList.remove('fresh')
  void li.offsetWidth
  li.classList.add('fresh')
}

// Moving. place puts tasks into a column before another task, or at its end.
export async function place(ids, status, before) {
  const column = columns.get(status), others = column.ids.filter(id => !ids.includes(id))
  const at = before ? others.indexOf(before) : others.length, after = others[at - 1]
  const alone = !others.length
  ids = ids.filter(id => tasks.has(id))
  ids.forEach((id, i) => {
    tasks.get(id).pending = {...tasks.get(id).pending, status, rank: after ? tasks.get(after).rank : '', sub: i + 1}
  })
  arrange()
  for (const id of ids) { const li = $('#t-' + id); if (li) paint(li, tasks.get(id)) }
  const made = []
  let behind = after ?? null
  for (const id of ids) {
    const fields = {status, rank: tasks.get(id).pending.rank, sub: tasks.get(id).pending.sub}
    const answer = await api('PATCH', 'tasks/' + id, alone && behind === null ? {status} : {status, after: behind, before: before ?? null})
    settle(id, fields, answer)
    if (answer.ok) { made.push(answer.made); behind = id }
  }
  const name = context.project.statuses.find(s => s.key === status)?.name
  remember(ids.length > 1 ? say('many', say('moved', name), ids.length) : say('moved', name), made, made.length < 1)
}

// pick selects cards, on or off.
export function pick(id, on = !picked.has(id)) {
  picked[on ? 'add' : 'delete'](id)
  $('#t-' + id)?.toggleAttribute('data-picked', on)
  announce(say('selected', picked.size))
}

export function unpick() {
  for (const id of [...picked]) pick(id, false)
}

// Dragging by mouse or finger. A finger has to rest first, or it scrolls.
let dragged = null, press = null

function lift(x, y) {
  const {card, id} = press
  const ids = picked.has(id) ? [...columns.values()].flatMap(c => c.ids).filter(i => picked.has(i)) : [id]
  const box = card.getBoundingClientRect(), ghost = card.cloneNode(true)
  ghost.removeAttribute('id')
  ghost.classList.add('ghost')
  if (ids.length > 1) ghost.append(make('b', {className: 'tally', textContent: ids.length}))
  ghost.style.width = box.width + 'px'
  document.body.append(ghost)
  dragged = {ids, ghost, dx: press.x - box.left, dy: press.y - box.top, gap: make('li', {className: 'gap', ariaHidden: 'true'}), x, y}
  for (const i of ids) $('#t-' + i)?.classList.add('lifted')
  document.body.classList.add('dragging')
  getSelection()?.removeAllRanges()
  glide()
}

function glide() {
  if (!dragged) return
  const {ghost, x, y, dx, dy, ids, gap} = dragged
  ghost.style.translate = `${x - dx}px ${y - dy}px`
  const over = document.elementFromPoint(x, y)?.closest('.column')
  const column = over && columns.get(over.dataset.status)
  if (column) {
    const box = column.list.getBoundingClientRect()
    if (y < box.top + 40) column.list.scrollTop -= 12
    if (y > box.bottom - 40) column.list.scrollTop += 12
    const next = [...column.nodes.values()].filter(li => !ids.includes(idOf(li)))
      .map(li => [li, li.getBoundingClientRect()]).filter(([, b]) => y < b.top + b.height / 2).sort((a, b) => a[1].top - b[1].top)[0]?.[0]
    dragged.to = {status: column.key, before: next && idOf(next)}
    const spot = next ?? column.bottom
    if (gap.nextSibling !== spot) column.list.insertBefore(gap, spot)
  }
  const edge = board.getBoundingClientRect()
  if (x > edge.right - 40) board.scrollLeft += 12
  if (x < edge.left + 40) board.scrollLeft -= 12
  dragged.frame = requestAnimationFrame(glide)
}

function drop(commit) {
  clearTimeout(press?.timer)
  press = null
  if (!dragged) return
  const {ids, ghost, gap, to, frame} = dragged
  dragged = null
  cancelAnimationFrame(frame)
  ghost.remove()
  gap.remove()
  document.body.classList.remove('dragging')
  for (const li of $$('.lifted')) li.classList.remove('lifted')
  if (commit && to) place(ids, to.status, to.before)
  // The click that ends a drag is none on the card's link.
  const swallow = e => { e.preventDefault(); e.stopPropagation() }
  addEventListener('click', swallow, {capture: true, once: true})
  setTimeout(() => removeEventListener('click', swallow, true), 50)
}

board.addEventListener('pointerdown', e => {
  const card = e.target.closest('.card')
  if (!card || e.button || !context.project.writes || e.target.closest('input,button,textarea')) return
  press = {card, id: idOf(card), x: e.clientX, y: e.clientY, touch: e.pointerType !== 'mouse'}
  if (press.touch) press.timer = setTimeout(() => { if (press) lift(press.x, press.y) }, 350)
})
addEventListener('pointermove', e => {
  if (dragged) return Object.assign(dragged, {x: e.clientX, y: e.clientY})
  if (!press || Math.hypot(e.clientX - press.x, e.clientY - press.y) < 5) return
  if (press.touch) drop(false)
  else lift(e.clientX, e.clientY)
})
addEventListener('pointerup', () => drop(true))
addEventListener('pointercancel', () => drop(false))
addEventListener('touchmove', e => { if (dragged) e.preventDefault() }, {passive: false})
board.addEventListener('dragstart', e => e.preventDefault())
board.addEventListener('contextmenu', e => { if (press?.touch || dragged) e.preventDefault() })

// Moving by keys: space lifts, arrows show where it would go, space drops.
let held = null

export const holding = () => held !== null

export function hold(id) {
  const t = now(tasks.get(id)), column = columns.get(t.status), others = column.ids.filter(i => i !== id)
  held = {id, status: t.status, at: column.ids.indexOf(id)}
  $('#t-' + id)?.classList.add('held')
  announce(say('lifted', t.title, held.at + 1, others.length + 1, columnName(t.status)))
}

const columnName = key => context.project.statuses.find(s => s.key === key)?.name ?? key

export function shift(dx, dy) {
  const keys = [...columns.keys()], status = keys[Math.min(keys.length - 1, Math.max(0, keys.indexOf(held.status) + dx))]
  const others = columns.get(status).ids.filter(i => i !== held.id)
  held.at = Math.min(others.length, Math.max(0, held.at + dy))
  held.status = status
  const before = others[held.at], after = others[held.at - 1], t = tasks.get(held.id)
  t.pending = {...t.pending, status, rank: after ? tasks.get(after).rank : '', sub: .5}
  arrange()
  held.before = before
  held.moved = true
  reveal(held.id)
  $('#t-' + held.id)?.classList.add('held')
  announce(say('at', held.at + 1, others.length + 1, columnName(status)))
}

export function release(commit) {
  const {id, status, before, moved} = held, t = tasks.get(id)
  held = null
  for (const li of $$('.held')) li.classList.remove('held')
  const n = columns.get(status).ids
  delete t.pending?.status
  delete t.pending?.rank
  delete t.pending?.sub
  if (commit && moved) {
    announce(say('dropped', t.title, columnName(status), n.indexOf(id) + 1, n.length))
    place([id], status, before)
  } else {
    arrange()
    announce(say('putBack', t.title))
  }
  reveal(id)
}

// reveal brings a card into sight and gives it the focus.
export function reveal(id) {
  for (const column of columns.values()) {
    const i = column.ids.indexOf(id)
    if (i < 0) continue
    const y = column.ids.slice(0, i).reduce((sum, other) => sum + height(other), 0), {list} = column
    if (y < list.scrollTop || y + height(id) > list.scrollTop + list.clientHeight) {
      list.scrollTop = y - list.clientHeight / 3
      layout(column)
    }
    $('a.title', column.nodes.get(id) ?? list)?.focus({preventScroll: true})
    column.el.scrollIntoView({inline: 'nearest', block: 'nearest'})
  }
}

// step goes to the next card of the column, or beside it.
export function step(dx, dy) {
  const id = idOf(document.activeElement?.closest('.card')) ?? returnTo, all = [...columns.values()]
  let c = all.findIndex(column => column.ids.includes(id)), i = all[c]?.ids.indexOf(id) ?? -1
  if (c < 0) { c = all.findIndex(column => column.ids.length); i = 0 } else if (dx) {
    do c += dx; while (all[c] && !all[c].ids.length)
    if (!all[c]) return
    i = Math.min(i, all[c].ids.length - 1)
  } else i = Math.min(all[c].ids.length - 1, Math.max(0, i + dy))
  if (all[c]) reveal(all[c].ids[i])
}

// Adding in place: shown at once, made by the same form that works without
// script.
function addForm(form, column) {
  const box = $('textarea', form)
  box.addEventListener('keydown', e => {
    if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) { e.preventDefault(); form.requestSubmit() }
    if (e.key === 'Escape') box.blur()
  })
  form.addEventListener('submit', async e => {
    const text = box.value.trim()
    if (text.includes('\n')) return // several are shown first
    e.preventDefault()
    e.stopPropagation()
    if (!text) return
    const id = uuid(), body = new URLSearchParams(new FormData(form))
    tasks.set(id, {id, project_id: context.project.id, number: 0, title: text, status: column.key, priority: 'none', labels: [], assignees: [], comments: 0, rank: '~', revision: 0, pending: {title: text}})
    box.value = ''
    $('[name=key]', form).value = uuid()
    $('#teach')?.remove()
    arrange()
    column.list.scrollTop = column.list.scrollHeight
    layout(column)
    const answer = await fetch(form.action, {method: 'POST', body, headers: {Accept: 'application/json'}}).catch(() => null)
    tasks.delete(id)
    if (answer?.ok && answer.headers.get('Content-Type')?.startsWith('application/json')) {
      for (const t of await answer.json()) {
        take(t)
        remember(say('created'), [{path: 'tasks/' + t.id, revision: t.revision}])
      }
    } else {
      const doc = answer && new DOMParser().parseFromString(await answer.text(), 'text/html')
      toast(say('refused', $('.wrong, .what, .bad', doc ?? document.createElement('p'))?.textContent ?? say('offline')))
      box.value = text
    }
    arrange()
  })
}
