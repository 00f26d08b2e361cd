// Starts what a page needs. The order matters where several listen for the same
// event: the first to listen may keep it from the others.
import {startBoard, fill} from './board/board.js'
import {startCellPickers} from './pickers.js'
import {commands} from './commands.js'
import {onBoard, pageName} from './context.js'
import {queryAll, required} from './dom.js'
import {showDone} from './done.js'
import {follow, startFeed} from './feed.js'
import {startForms} from './forms.js'
import {startKeyboard} from './keyboard.js'
import {startMenus} from './menus.js'
import {fetchWaiting, happened, startNews} from './news.js'
import {refresh} from './page.js'
import {openPalette} from './palette.js'
import {startPanel} from './panel.js'
import {narrow, searchText, startSearch} from './search.js'
import {startSuggestions} from './suggestions.js'
import {startPointing} from './target.js'
import {taskOf} from './tasks.js'
import {tellZone} from './zone.js'

/** How often the status page asks for itself, in milliseconds. */
const statusInterval = 2000

startPointing()
startKeyboard()
required('#open-palette').onclick = () => openPalette(commands)
startCellPickers()

document.documentElement.classList.add('js')
const zone = tellZone()
if (zone && zone !== 'UTC' && !onBoard) refresh()
showDone(document)

startForms()
startMenus()
startPanel()
startSuggestions()
startSearch()
startNews()
startFeed({onEvent: happened, onOpen: fetchWaiting})

for (const element of queryAll('[data-task]')) taskOf(element)
if (onBoard) {
  startBoard()
  if (searchText()) await narrow(searchText())
  await fill()
}
if (pageName === 'status') setInterval(() => { if (!document.hidden) refresh() }, statusInterval)
follow()
