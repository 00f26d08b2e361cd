// The tasks on a page: what is known of them, how they are shown wherever they
// stand, and changes that are shown at once and told honestly.
import {$, $$, active, api, announce, ask, inLine, context, make, refusal, remember, say, toast} from './core.js'

export const tasks = new Map()
// The board, where there is one.
export const picks = {board: null}
const people = () => new Map(context.people.map(p => [p.id, p]))

export const idOf = el => el?.dataset.task ? JSON.parse(el.dataset.task).id : el?.dataset.id
export const elements = id => $$(`[id="t-${id}"],#task[data-href$="${id}"]`)
const projectOf = t => context.project ?? context.projects.find(p => p.id === t?.project_id)
export const statusesOf = t => projectOf(t)?.statuses ?? []
export const mayWrite = t => projectOf(t)?.writes

// taskOf is what is known of the task an element shows.
export function taskOf(el) {
  const id = idOf(el)
  if (el?.dataset.task) {
    const shown = JSON.parse(el.dataset.task), known = tasks.get(id)
    if (!known || shown.revision > known.revision) tasks.set(id, {...known, ...shown})
  }
  return tasks.get(id)
}

export const now = t => ({...t, ...t.pending})

// take keeps what an answer says of a task, unless it is older than what is known.
export function take(data) {
  const known = tasks.get(data.id)
  if (known && known.revision > data.revision) return known
  const t = {...known, deleted_at: null, ...data, number: data.number ?? known?.number, comments: data.comments ?? known?.comments ?? 0}
  delete t.description
  tasks.set(t.id, t)
  return t
}

export function hue(text) {
  let n = 0
  for (const c of text) n = (n * 31 + c.codePointAt(0)) % 9973
  return 'hue' + n % 8
}

const locale = context.language === 'en' ? 'en-GB' : context.language
export const isoDay = (offset = 0) => {
  const d = new Date()
  d.setDate(d.getDate() + offset)
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`
}

export function dayText(day) {
  const near = {[isoDay()]: 'today', [isoDay(1)]: 'tomorrow', [isoDay(-1)]: 'yesterday'}[day]
  if (near) return say(near)
  const year = day.slice(0, 4) === isoDay().slice(0, 4) ? undefined : 'numeric'
  return new Intl.DateTimeFormat(locale, {day: 'numeric', month: 'short', year, timeZone: 'UTC'}).format(new Date(day + 'T00:00Z'))
}

// paint fills an element with a task. Cards, rows and the panel have the same
// parts, each those it needs.
export function paint(el, t) {
  const part = (selector, fill) => { const p = $(selector, el); if (p) fill(p) }
  t = now(t)
  part('a.title:not(.open)', p => { p.textContent = t.title; p.href = '/tasks/' + t.id })
  part('.facts > .number', p => p.textContent = t.number ? '#' + t.number : '')
  part('span.priority', p => { p.className = 'priority ' + t.priority; p.textContent = t.priority === 'none' ? '' : say('p.' + t.priority) })
  part('time.due', p => {
    const done = statusesOf(t).find(s => s.key === t.status)?.done
    p.className = 'due' + (t.due && !done ? t.due < isoDay() ? ' late' : t.due <= isoDay(1) ? ' soon' : '' : '')
    p.dateTime = t.due ?? ''
    p.textContent = t.due ? dayText(t.due) : ''
  })
  part('span.labels, td.labels', p => p.replaceChildren(...t.labels.map(l => make('span', {className: 'label ' + hue(l), dir: 'auto'}, l))))
  part('.said', p => p.textContent = t.comments ? say('comment', t.comments) : '')
  part('.people', p => {
    const all = people(), who = t.assignees.map(id => all.get(id) ?? {id, name: '?', initials: '?'})
    p.replaceChildren(...who.map(w => make('span', {className: 'avatar ' + hue(w.id), title: w.name, ariaHidden: true}, w.initials)), make('span', {className: 'hush'}, who.map(w => w.name).join(', ')))
  })
  part('span.status', p => p.textContent = statusesOf(t).find(s => s.key === t.status)?.name ?? t.status)
  for (const name of ['status', 'priority', 'due', 'title']) {
    const control = $(`[name=${name}]`, el)
    if (control && control !== active() && !control.form?.dataset.dirty) control.value = t[name] ?? ''
  }
  el.classList.toggle('pending', Object.keys(t.pending ?? {}).length > 0)
}

export function show(id) {
  const t = tasks.get(id)
  if (t) for (const el of elements(id)) paint(el, t)
  dispatchEvent(new CustomEvent('changed', {detail: id}))
}

// about says what was done to tasks: of one its title, of several how many.
export const about = (text, ids) => ids.length > 1 ? say('many', text, ids.length) : [text, tasks.get(ids[0])?.title].filter(Boolean).join(': ')

const guarded = ['title', 'priority', 'due', 'labels']

// change sets fields of tasks: shown at once, undone on the page if refused.
// What was seen of them is what is there, unless somebody has looked at it longer.
export async function change(ids, fields, text, saw) {
  const made = await Promise.all(ids.map(id => changeOne(id, fields, saw)))
  remember(about(text, ids), made)
  return made
}

export async function changeOne(id, fields, saw) {
  const base = tasks.get(id)
  if (!base) return
  const before = {...now(base), ...saw}, seen = Object.fromEntries(guarded.filter(f => f in fields).map(f => [f, before[f]]))
  base.pending = {...base.pending, ...fields}
  show(id)
  const answer = await api('PATCH', 'tasks/' + id, Object.keys(seen).length ? {...fields, seen} : fields)
  settle(id, fields, answer)
  if (answer.data?.code === 'changed_meanwhile') conflict(id, fields)
  return answer.made
}

// settle ends the pending state of fields, by what the answer says.
export function settle(id, fields, answer) {
  const t = tasks.get(id)
  if (!t) return
  for (const f in fields) if (t.pending?.[f] === fields[f]) delete t.pending[f]
  settled(t)
  if (answer.ok) take(answer.data)
  else if (answer.data?.code !== 'changed_meanwhile') {
    toast(refusal(answer))
    announce(refusal(answer))
  }
  show(id)
}

export function settled(t) {
  if (!Object.keys(t.pending ?? {}).length) delete t.pending
}

// create makes the tasks of a form's lines.
// They stand in the place of the one that was shown meanwhile.
export const create = (address, body, meanwhile) => inLine('new', async () => {
  const answer = await ask(address, {method: 'POST', body, headers: {Accept: 'application/json'}}).catch(() => null), text = await answer?.text().catch(() => null)
  tasks.delete(meanwhile)
  if (text && answer.ok && answer.headers.get('Content-Type')?.startsWith('application/json')) {
    const made = JSON.parse(text).map(take)
    remember(about(say('created'), made.map(t => t.id)), made.map(t => ({path: 'tasks/' + t.id, revision: t.revision})))
    made.forEach(t => show(t.id))
    return {made}
  }
  const doc = text && new DOMParser().parseFromString(text, 'text/html')
  return {made: [], wrong: doc && $('.wrong, .what, .bad', doc)?.textContent || say('offline')}
})

async function conflict(id, fields) {
  const fresh = await api('GET', 'tasks/' + id)
  if (!fresh.ok) return toast(refusal(fresh))
  take(fresh.data)
  show(id)
  const text = value => [value].flat().join(', ') || say('none')
  for (const f in fields) {
    toast(say('conflict', text(fresh.data[f]), text(fields[f])), say('useMine'), () => change([id], {[f]: fields[f]}, say('changed')))
  }
}

export async function assign(ids, account, on) {
  const made = await Promise.all(ids.map(async id => {
    const t = tasks.get(id), fields = {assignees: [...now(t).assignees.filter(a => a !== account), ...(on ? [account] : [])]}
    t.pending = {...t.pending, ...fields}
    show(id)
    const answer = await api(on ? 'PUT' : 'DELETE', `tasks/${id}/assignees/${account}`)
    settle(id, fields, answer)
    return answer.made
  }))
  remember(about(say('changed'), ids), made)
}

export async function discard(ids) {
  const made = await Promise.all(ids.map(async id => {
    tasks.get(id).pending = {deleted: true}
    show(id)
    const answer = await api('DELETE', 'tasks/' + id)
    settle(id, {deleted: true}, answer)
    return answer.made
  }))
  remember(about(say('deleted'), ids), made)
}
