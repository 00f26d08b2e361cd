// What every page needs: words, the API, putting a page's news in place, toasts
// and undo.

export const $ = (selector, root = document) => root.querySelector(selector)
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)]
export const on = addEventListener
export const active = () => document.activeElement
// aim gives an element the focus and scrolls nowhere.
export const aim = el => el?.focus({preventScroll: true})
export const context = JSON.parse($('#context').textContent)
export const say = (key, ...args) => args.reduce((text, a) => text.replace('{}', () => a), (context.words[key] ?? key).split('|').at(args[0] === 1 ? 0 : -1))
export const uuid = () => crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join('')
const sleep = ms => new Promise(done => setTimeout(done, ms))
export const still = matchMedia('(prefers-reduced-motion: reduce)')

export function make(tag, props = {}, ...children) {
  const el = Object.assign(document.createElement(tag), props)
  el.append(...children)
  return el
}

// modal shows a dialog that is gone once it is closed.
export function modal(id, title, ...children) {
  const dialog = make('dialog', {id, ariaLabel: title, onclose: () => dialog.remove(), onclick: e => { if (e.target === dialog) dialog.close() }}, ...children)
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}

// combobox makes a box one whose list of options is shown, or none without a
// list; point says which option Enter takes, also to who does not see it.
export function combobox(box, list) {
  const means = {role: 'combobox', 'aria-expanded': true, 'aria-autocomplete': 'list', 'aria-controls': list?.id, 'aria-activedescendant': ''}
  for (const name in means) list ? box.setAttribute(name, means[name]) : box.removeAttribute(name)
}
export function point(box, list, at) {
  const options = [...list.children]
  options.forEach((li, i) => li.ariaSelected = i === at)
  box.setAttribute('aria-activedescendant', options[at]?.id ?? '')
  options[at]?.scrollIntoView({block: 'nearest'})
}

// Positions are places in the log; reads ask for the latest one seen.
const place = text => Number(text?.match(/\d+$/) ?? 0)
export let position = context.position
export function saw(at) {
  if (at && place(at) >= place(position)) position = at
}

// ask sends what may have been lost again, until it is known what became of it.
export async function ask(address, options) {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await fetch(address, options)
      if (answer.status !== 503 || attempt > 3) return answer
    } catch (fault) {
      if (attempt > 3) throw fault
    }
    await sleep(300 * 2 ** attempt)
  }
}

// inLine does what is done to one thing in the order it was asked for.
const lines = new Map()
export function inLine(thing, run) {
  const answer = Promise.resolve(lines.get(thing)).then(run)
  lines.set(thing, answer.catch(() => {}))
  return answer
}

// api asks, or commands under a key that makes sending it twice do it once.
export function api(method, path, body) {
  const thing = path.split('/', 2).join('/'), asks = method === 'GET', headers = {Accept: 'application/json', 'Accept-Language': context.language}
  const run = async () => {
    if (!asks) headers['Idempotency-Key'] = uuid()
    else if (position) headers['Docket-Position'] = position
    if (body) headers['Content-Type'] = 'application/json'
    try {
      const answer = await ask('/api/v1/' + path, {method, headers, body: body && JSON.stringify(body)}), {ok, status} = answer
      if (ok && !asks) saw(answer.headers.get('Docket-Position'))
      const revision = answer.headers.get('Docket-Change')
      return {ok, status, data: await answer.json().catch(() => null), made: revision && {path: thing, revision: Number(revision)}}
    } catch {
      return {ok: false, status: 0, data: {detail: say('offline')}}
    }
  }
  return asks ? run() : inLine(thing, run)
}

export const refusal = answer => say('refused', answer.data?.detail ?? say('offline'))

// page asks for a page and gives its document, or nothing if it does not come.
export async function page(address, options = {}) {
  const headers = {Accept: 'text/html', ...options.headers}
  if (position) headers['Docket-Position'] = position
  const answer = await fetch(address, {...options, headers}).catch(() => null), text = await answer?.text().catch(() => null)
  // The feed says that the connection is lost.
  if (!text) return {}
  const doc = new DOMParser().parseFromString(text, 'text/html')
  saw(answer.headers.get('Docket-Position'))
  told(doc)
  return {answer, doc}
}

// told shows what a page says was done, with a way back. It is said once, to
// whichever page is asked for first.
export function told(doc) {
  const done = $('#done', doc)
  if (!done) return
  const form = $('form', done), text = $('span', done).textContent
  done.remove()
  if (form?.dataset.undo) remember(text, [{path: form.dataset.undo, revision: Number(form.dataset.revision)}])
  else toast(text).append(form ?? '')
}

const kept = ['open', 'data-picked']

// morph makes one element like another and leaves alone what is alike: focus,
// scrolling and what is being written stay as they are.
export function morph(from, to) {
  if (from.nodeName !== to.nodeName) return from.replaceWith(to)
  if (from.nodeType !== 1) {
    if (from.data !== to.data) from.data = to.data
    return
  }
  if (from.dataset.dirty) return overtaken(from, to)
  if (from.form?.dataset.dirty || from.isEqualNode(to) && from.value === to.value) return
  for (const {name} of [...from.attributes]) if (!to.hasAttribute(name) && !kept.includes(name)) from.removeAttribute(name)
  for (const {name, value} of to.attributes) if (!kept.includes(name) && from.getAttribute(name) !== value) from.setAttribute(name, value)
  let at = past(from.firstChild)
  for (const next of [...to.childNodes]) {
    const match = next.id ? document.getElementById(next.id) : at?.nodeName === next.nodeName && !at.id && at
    if (!match) {
      // Filled like the rest: what is in it may have stood elsewhere.
      const fresh = from.insertBefore(next.cloneNode(), at)
      morph(fresh, next)
      if (next.id) fresh.classList.add('fresh')
      continue
    }
    if (match === at) at = past(at.nextSibling)
    else (from.moveBefore ?? from.insertBefore).call(from, match, at)
    morph(match, next)
  }
  for (let next; at; at = next) {
    next = past(at.nextSibling)
    // What stands elsewhere from now on is fetched from here.
    if (to.ownerDocument.getElementById(at.id)) continue
    for (const form of document.forms) if (at.contains(form)) keep(form)
    at.remove()
  }
  if (from.matches('input,select,textarea') && (from.form?.method === 'post' || from !== active())) {
    from.value = to.value
    from.checked = to.checked
  }
}

// past goes over what is kept, of which the server knows nothing.
const past = node => node?.classList?.contains('kept') ? past(node.nextSibling) : node

// keep leaves what was being written where it can be read and copied once there
// is no such form any more, and says why it cannot be saved.
function keep(form) {
  const written = [...form.elements].filter(c => c.type.startsWith('text') && c.value !== c.defaultValue), id = 'kept-' + form.id
  if (!written.length || $('#' + id)) return
  const focus = active(), why = form.closest('[data-why]').dataset.why + ' ' + say('kept')
  for (const c of written) c.readOnly = true
  const note = make('section', {id, className: 'kept'}, make('p', {}, why), ...written,
    make('button', {className: 'quiet', onclick: () => note.remove()}, say('close')))
  form.closest('#task,main').prepend(note)
  if (note.contains(focus)) aim(focus)
  // What is around it takes its place first.
  requestAnimationFrame(() => note.scrollIntoView({block: 'nearest'}))
  announce(why)
}

// overtaken says beside a field that is being written what somebody else has
// made of it. What the person saw stays in the form, so that the server finds
// out too.
function overtaken(form, to) {
  const now = to.dataset.now
  if (now === undefined || now === form.dataset.now) return
  const note = $('.meanwhile', form) ?? form.appendChild(make('p', {className: 'meanwhile', role: 'status'}))
  note.textContent = say('meanwhile', now || say('none'))
}

// announce tells screen readers.
export const announce = text => $('#said').replaceChildren(make('p', {}, text))

export function toast(text, label, act) {
  const box = $('#toasts'), line = make('div', {className: 'toast'}, make('span', {}, text))
  if (act) line.append(make('button', {className: 'plain', onclick: () => { line.remove(); act() }}, label))
  while (box.children[2]) box.firstChild.remove()
  box.append(line)
  setTimeout(() => line.remove(), act ? 12000 : 6000)
  return line
}

// What can be undone outlives the page, and lies in the order it was done.
const load = name => JSON.parse(sessionStorage[name] ?? '[]')
const store = (name, list) => sessionStorage[name] = JSON.stringify(list.slice(-50))

export function remember(text, made, quiet) {
  made = made.filter(Boolean)
  if (!made.length) return
  store('undo', [...load('undo'), made])
  store('redo', [])
  if (!quiet) toast(text, say('undo'), () => undo(made))
}

// takeBack takes back what was done last, or some change of those before it.
async function takeBack(from, to, word, some) {
  await sleep(0)
  const stack = load(from), at = stack.findLastIndex(m => !some || JSON.stringify(m) === JSON.stringify(some))
  const [made] = at < 0 ? [] : stack.splice(at, 1)
  if (!made) return toast(say('nothingToUndo'))
  store(from, stack)
  const answers = []
  for (const {path, revision} of [...made].reverse()) answers.push(await api('POST', path + '/undo', {revision}))
  const refused = answers.find(a => !a.ok)
  toast(refused ? refusal(refused) : say(word))
  // What has not got there can be tried once more.
  if (answers.every(a => !a.status)) store(from, [...load(from), made])
  const back = answers.filter(a => a.made)
  if (back[0]) store(to, [...load(to), back.map(a => a.made)])
  dispatchEvent(new CustomEvent('written', {detail: answers.filter(a => a.ok).map(a => a.data)}))
}
// What was just done can be undone once it is done; and one after the other, or
// they could be done again in another order.
let turn
const inTurn = (...what) => { turn = Promise.allSettled([turn, ...lines.values()]).then(() => takeBack(...what)) }
export const undo = some => inTurn('undo', 'redo', 'undone', some), redo = () => inTurn('redo', 'undo', 'redone')

let refreshing, again
// refresh asks for this page again and puts its news in place.
export async function refresh() {
  if (refreshing) return again = true
  refreshing = true
  try {
    do {
      again = false
      const {answer, doc} = await page(context.here || location.href)
      if (answer?.redirected && new URL(answer.url).pathname === '/sign-in') return location.reload()
      if (doc) apply(doc)
    } while (again)
  } finally { refreshing = false }
}

// apply puts a page's document in place of this one.
export function apply(doc) {
  const main = $('#main', doc), head = $('#top', doc)
  if (!main) return
  if (head) morph($('#top'), head)
  const words = $('#context', doc)
  if (words) Object.assign(context, {project: undefined}, JSON.parse(words.textContent))
  // The cards of a board are its own script's.
  for (const part of document.body.dataset.page === 'board' ? ['#head', '#search'] : ['#main']) morph($(part), $(part, doc))
  if (!context.here) document.title = doc.title
}
