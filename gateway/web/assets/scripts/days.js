// Calendar days, as the person's own clock has them.
import {context, say} from './context.js'

const locale = context.language === 'en' ? 'en-GB' : context.language

/**
 * Returns a day near today, as YYYY-MM-DD.
 * @param {number} [offset] in days
 * @returns {string}
 */
export function isoDay(offset = 0) {
  const day = new Date()
  day.setDate(day.getDate() + offset)
  const twoDigits = (/** @type {number} */ number) => String(number).padStart(2, '0')
  return `${day.getFullYear()}-${twoDigits(day.getMonth() + 1)}-${twoDigits(day.getDate())}`
}

/**
 * Returns a day as people write it: near ones by name, those of this year without
 * the year.
 * @param {string} day as YYYY-MM-DD
 * @returns {string}
 */
export function dayText(day) {
  const near = {[isoDay()]: 'today', [isoDay(1)]: 'tomorrow', [isoDay(-1)]: 'yesterday'}[day]
  if (near) return say(near)
  const year = day.slice(0, 4) === isoDay().slice(0, 4) ? undefined : 'numeric'
  return new Intl.DateTimeFormat(locale, {day: 'numeric', month: 'short', year, timeZone: 'UTC'}).format(new Date(day + 'T00:00Z'))
}
