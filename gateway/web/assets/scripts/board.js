// The board: thousands of cards of which only those in sight are in the page,
// moved by mouse, finger and keys.
import {$, $$, active, aim, announce, api, context, make, morph, on, remember, say, still, toast, uuid} from './core.js'
import {about, create, idOf, now, paint, picks, settle, settled, take, taskOf, tasks} from './tasks.js'

const board = $('#board'), template = $('#card-template')
const gap = 8, margin = 500
// The cards in the page, whichever column they stand in.
const nodes = new Map()
let columns = new Map(), only = null, tops = 0, returnTo
const picked = new Set()
// What is being added; until it is known which task that is, it would be told twice.
let adding

const inOrder = (a, b) => a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : (a.sub ?? 0) - (b.sub ?? 0) || a.number - b.number

// begin takes over the columns that the page has.
function begin() {
  const before = columns
  columns = new Map($$('.column', board).map(el => [el.dataset.status, before.get(el.dataset.status) ?? own(el)]))
  for (const el of $$('.column .add:not([data-own])', board)) addForm(el, columns.get(el.parentNode.dataset.status))
}

function own(el) {
  const column = {key: el.dataset.status, el, list: $('.cards', el), ids: [], top: space(), bottom: space()}, {list} = column
  for (const li of $$('.card', list)) { taskOf(li); nodes.set(idOf(li), li) }
  let due
  list.addEventListener('scroll', () => { due ??= requestAnimationFrame(() => {
    due = null
    const end = list.scrollTop + list.clientHeight > list.scrollHeight - 2
    layout([column])
    // The end is where it is seen to be, once the cards there are.
    if (end) list.scrollTop = 1e9
  }) }, {passive: true})
  list.prepend(column.top)
  list.append(column.bottom)
  return column
}

const space = () => make('li', {className: 'space', ariaHidden: true})

// reshape gives the board the columns of a newer page; cards, and what is being
// written, stay.
function reshape(next) {
  for (const el of $$('.column', next)) {
    const list = columns.get(el.dataset.status)?.list
    if (list) $('.cards', el).replaceWith(list.cloneNode(true))
  }
  morph(board, next)
  for (const [key, {el}] of columns) if (!el.isConnected) columns.delete(key)
  begin()
  return fill()
}

// fill asks for all cards, of which the page came with the first.
async function fill() {
  const known = [...tasks.keys()], answer = await api('GET', `projects/${context.project.id}/board`), seen = new Set()
  for (const more of $$('.more', board)) more.remove()
  if (answer.ok) for (const c of answer.data.columns) for (const card of c.tasks) {
    take({...card, project_id: context.project.id})
    seen.add(card.id)
  }
  // What was heard of since is not in the answer.
  if (answer.ok) for (const id of known) if (!seen.has(id) && !tasks.get(id)?.pending) tasks.delete(id)
  for (const [id, li] of nodes) if (tasks.has(id)) refaced(id, li)
  arrange()
  board.dataset.ready = ''
  performance.mark('interactive')
  if (!answer.ok) setTimeout(fill, 3000)
  return answer.ok
}

// filter shows only the cards with these ids, null for all.
function filter(ids) {
  only = ids && new Set(ids)
  arrange()
}

function arrange() {
  const focus = idOf(active()?.closest('.card')), home = holder(focus), at = home?.ids.indexOf(focus)
  for (const column of columns.values()) column.ids = []
  for (const t of [...tasks.values()].map(now).sort(inOrder)) {
    if (t.project_id === context.project.id && !t.deleted && !t.deleted_at && (!only || only.has(t.id) || t.pending)) columns.get(t.status)?.ids.push(t.id)
  }
  // What cannot be seen is not changed along with the rest.
  for (const id of picked) if (!holder(id)) picked.delete(id)
  for (const column of columns.values()) count(column)
  layout()
  if (focus && !active()?.closest('.card')) {
    returnTo = holder(focus) ? focus : home?.ids[Math.min(at, home.ids.length - 1)]
    aim(title(returnTo))
  }
}

const all = () => [...columns.values()]
const holder = id => id && all().find(c => c.ids.includes(id))
const title = id => $(`#t-${id} a.title`)

const statusOf = key => context.project.statuses.find(s => s.key === key)
const columnName = key => statusOf(key)?.name ?? key

function count(column) {
  const limit = !only && statusOf(column.key)?.limit, n = column.ids.length, el = $('.count', column.el)
  el.textContent = limit ? `${n} / ${limit}` : n
  el.classList.toggle('over', limit > 0 && n > limit)
}

const height = id => (tasks.get(id)?.height || 78) + gap

// layout puts the cards in sight into their columns and spacers in place of the
// others.
function layout(some = all()) {
  const keep = new Set(), fresh = []
  for (const column of some) {
    const {list, ids} = column, from = list.scrollTop - margin, to = list.scrollTop + list.clientHeight + margin
    let y = 0
    Object.assign(column, {first: 0, want: [], above: 0, below: 0})
    ids.forEach((id, i) => {
      const h = height(id)
      if (y + h < from) { column.above += h; column.first = i + 1 } else if (y > to) column.below += h
      else { column.want.push(id); keep.add(id) }
      y += h
    })
  }
  for (const {list} of some) for (const li of $$('.card', list)) {
    const id = idOf(li)
    if (keep.has(id)) continue
    if (li.contains(active())) { aim(list); returnTo = id }
    li.remove()
    nodes.delete(id)
  }
  for (const {list, ids, want, first, above, below, top, bottom} of some) {
    let at = top.nextSibling
    want.forEach((id, i) => {
      let li = nodes.get(id)
      if (!li) {
        li = template.content.firstElementChild.cloneNode(true)
        li.id = 't-' + id
        li.dataset.id = id
        paint(li, tasks.get(id))
        nodes.set(id, li)
      }
      li.toggleAttribute('data-picked', picked.has(id))
      li.classList.toggle('lifted', !!dragged?.ids.includes(id))
      if (!tasks.get(id).height) fresh.push(id)
      li.ariaSetSize = ids.length
      li.ariaPosInSet = first + i + 1
      if (at.className === 'gap') at = at.nextSibling
      if (li === at) at = at.nextSibling
      else (li.isConnected && list.moveBefore || list.insertBefore).call(list, li, at)
    })
    top.style.height = above + 'px'
    bottom.style.height = below + 'px'
  }
  for (const id of fresh) tasks.get(id).height = nodes.get(id).offsetHeight
}

function refaced(id, li) {
  const t = tasks.get(id)
  paint(li, t)
  delete t.height
}

// changed is a task that looks or stands otherwise than before.
function changed(id) {
  if (nodes.has(id) && tasks.has(id)) refaced(id, nodes.get(id))
  soonArrange()
}

let arranging = false
function soonArrange() {
  if (arranging) return
  arranging = true
  queueMicrotask(() => { arranging = false; arrange() })
}

function flash(id) {
  const li = $('#t-' + id)
  if (!li || still.matches) return
  li.classList.remove('fresh')
  void li.offsetWidth
  li.classList.add('fresh')
}

// Moving. place puts tasks into a column before another task, or at its end.
// One is asked for after the other, as each place is told by its neighbours.
let moves = Promise.resolve()
function place(ids, status, before) {
  const column = columns.get(status), others = column.ids.filter(id => !ids.includes(id))
  ids = ids.filter(id => tasks.has(id))
  if (!others.includes(before)) before = null
  const at = before ? others.indexOf(before) : others.length, after = others[at - 1] ?? null
  if (others.toSpliced(at, 0, ...ids).join() === column.ids.join()) return
  const top = --tops
  const put = (id, i) => {
    const t = tasks.get(id), p = after && now(tasks.get(after)), to = {status, rank: p?.rank ?? '', sub: (p ? p.sub ?? 0 : top) + (i + 1) / 1000}
    t.pending = {...t.pending, ...to}
    return to
  }
  ids.forEach(put)
  ids.forEach(changed)
  arrange()
  return moves = moves.then(async () => {
    const made = [], name = columnName(status)
    let behind = after
    for (const [i, id] of ids.entries()) {
      if (!tasks.has(id)) continue
      const fields = put(id, i), answer = await api('PATCH', 'tasks/' + id, {status, after: behind, before})
      settle(id, fields, answer)
      if (answer.ok) { made.push(answer.made); behind = id }
    }
    remember(about(say('moved', name), ids), made)
  })
}

// pick selects cards, on or off.
function pick(id, on = !picked.has(id)) {
  picked[on ? 'add' : 'delete'](id)
  $('#t-' + id)?.toggleAttribute('data-picked', on)
  announce(say('selected', picked.size))
}

function unpick() {
  for (const id of picked) pick(id, false)
}

// Dragging by mouse or finger. A finger has to rest first, or it scrolls.
let dragged = null, press = null, dropped

// along is what moves with a task: all that are selected, in their order, if it is.
const along = id => picked.has(id) ? all().flatMap(c => c.ids).filter(i => picked.has(i)) : [id]

function lift(x, y) {
  const {card, id} = press, ids = along(id)
  const box = card.getBoundingClientRect(), ghost = card.cloneNode(true)
  ghost.removeAttribute('id')
  ghost.classList.add('ghost')
  if (ids.length > 1) ghost.append(make('b', {className: 'tally'}, ids.length))
  ghost.style.width = box.width + 'px'
  document.body.append(ghost)
  dragged = {ids, ghost, dx: press.x - box.left, dy: press.y - box.top, gap: make('li', {className: 'gap', ariaHidden: true}), x, y}
  dragged.gap.style.height = box.height + 'px'
  // It begins where the card was, or the next one would slip into its place.
  card.before(dragged.gap)
  layout()
  document.body.classList.add('dragging')
  getSelection()?.removeAllRanges()
  glide()
}

function glide() {
  if (!dragged) return
  const {ghost, x, y, dx, dy, ids, gap} = dragged
  ghost.style.translate = `${x - dx}px ${y - dy}px`
  const column = columns.get(document.elementFromPoint(x, y)?.closest('.column')?.dataset.status)
  if (column) {
    const box = column.list.getBoundingClientRect()
    if (y < box.top + 40) column.list.scrollTop -= 12
    if (y > box.bottom - 40) column.list.scrollTop += 12
    const next = $$('.card', column.list).find(li => {
      const {top, height} = li.getBoundingClientRect()
      return !ids.includes(idOf(li)) && y < top + height / 2
    })
    dragged.to = {status: column.key, before: idOf(next)}
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
  layout()
  if (commit && to) place(ids, to.status, to.before)
  dropped = performance.now()
}

// The click that ends a drag is none on the card's link.
on('click', e => {
  if (e.timeStamp - dropped < 50) { e.preventDefault(); e.stopPropagation() }
}, true)

board.addEventListener('pointerdown', e => {
  const card = e.target.closest('.card')
  if (!card || e.button || !context.project.writes || e.target.closest('input,button,textarea')) return
  press = {card, id: idOf(card), x: e.clientX, y: e.clientY, touch: e.pointerType !== 'mouse'}
  if (press.touch) press.timer = setTimeout(() => { if (press) lift(press.x, press.y) }, 350)
})
on('pointermove', e => {
  if (dragged) return Object.assign(dragged, {x: e.clientX, y: e.clientY})
  if (!press || Math.hypot(e.clientX - press.x, e.clientY - press.y) < 5) return
  if (press.touch) drop(false)
  else lift(e.clientX, e.clientY)
})
on('pointerup', e => {
  if (dragged) { Object.assign(dragged, {x: e.clientX, y: e.clientY}); glide() }
  drop(true)
})
on('pointercancel', () => drop(false))
on('touchmove', e => { if (dragged) e.preventDefault() }, {passive: false})
on('keydown', e => {
  if (!dragged || e.key !== 'Escape') return
  e.stopImmediatePropagation()
  drop(false)
}, true)
board.addEventListener('dragstart', e => e.preventDefault())
board.addEventListener('contextmenu', e => { if (press?.touch || dragged) e.preventDefault() })

// Moving by keys: space lifts, arrows show where it would go, space drops.
let held = null

function hold(id) {
  const {title, status} = now(tasks.get(id)), ids = along(id), column = columns.get(status).ids, at = column.indexOf(id)
  // Of those selected the others come to it at the first step.
  held = {id, ids, status, at: column.slice(0, at).filter(i => !ids.includes(i)).length}
  mark()
  announce(say('lifted', ids.length > 1 ? say('many', title, ids.length) : title, at + 1, column.length, columnName(status)))
}

const mark = () => { for (const id of held.ids) nodes.get(id)?.classList.add('held') }

function shift(dx, dy) {
  const keys = [...columns.keys()], status = keys[Math.min(keys.length - 1, Math.max(0, keys.indexOf(held.status) + dx))]
  const others = columns.get(status).ids.filter(i => !held.ids.includes(i))
  held.at = Math.min(others.length, Math.max(0, held.at + dy))
  held.status = status
  const after = others[held.at - 1], rank = after ? now(tasks.get(after)).rank : ''
  for (const [i, id] of held.ids.entries()) {
    const t = tasks.get(id)
    if (t) t.pending = {...t.pending, status, rank, sub: .5 + i / 1000}
  }
  arrange()
  held.moved = true
  reveal(held.id)
  mark()
  announce(say('at', held.at + 1, others.length + held.ids.length, columnName(status)))
}

function release(commit) {
  const {id, ids: some, status, at, moved} = held, {title} = tasks.get(id) ?? {title: ''}, {ids} = columns.get(status)
  held = null
  for (const li of $$('.held')) li.classList.remove('held')
  for (const t of some.map(i => tasks.get(i)).filter(Boolean)) {
    if (moved) for (const f of ['status', 'rank', 'sub']) delete t.pending?.[f]
    settled(t)
  }
  arrange()
  if (commit && moved) {
    announce(say('dropped', title, columnName(status), at + 1, ids.length))
    place(some, status, ids.filter(i => !some.includes(i))[at])
  } else announce(say('putBack', title))
  reveal(id)
}

// reveal brings a card into sight and gives it the focus.
function reveal(id) {
  const column = holder(id)
  if (!column) return
  if (!nodes.has(id)) {
    column.list.scrollTop = column.ids.slice(0, column.ids.indexOf(id)).reduce((sum, other) => sum + height(other), 0) - column.list.clientHeight / 3
    layout([column])
  }
  nodes.get(id).scrollIntoView({inline: 'nearest', block: 'nearest'})
  aim(title(id))
}

// step goes to the next card of the column, or beside it.
function step(dx, dy) {
  const id = idOf(active()?.closest('.card')) ?? returnTo, filled = all().filter(c => c.ids.length)
  const at = filled.findIndex(c => c.ids.includes(id)), i = filled[at]?.ids.indexOf(id) ?? 0
  const {ids} = filled[Math.max(0, at) + (at < 0 ? 0 : dx)] ?? {ids: []}
  reveal(ids[Math.min(ids.length - 1, Math.max(0, i + (at < 0 ? 0 : dy)))])
}

// Adding in place: shown at once, made by the same form that works without
// script.
function addForm(form, column) {
  const box = $('textarea', form), key = $('[name=key]', form)
  form.dataset.own = ''
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
    tasks.set(id, {id, project_id: context.project.id, number: 0, title: text, status: column.key, priority: 'none', labels: [], assignees: [], comments: 0, rank: '~', sub: ++tops, revision: 0, pending: {title: text}})
    box.value = ''
    delete form.dataset.dirty
    key.value = uuid()
    $('#teach')?.remove()
    arrange()
    column.list.scrollTop = column.list.scrollHeight
    const {made, wrong} = await (adding = create(form.action, body, id))
    for (const t of made) only?.add(t.id)
    if (wrong) {
      toast(say('refused', wrong))
      // Once more is the same, unless it is changed.
      if (!box.value) key.value = body.get('key')
      box.value = [text, box.value].filter(Boolean).join('\n')
    }
    arrange()
  })
}

on('resize', arrange)

picks.board = {get adding() { return adding }, begin, changed, fill, filter, flash, hold, holding: () => held, pick, picked, release, reshape, shift, step, unpick}
