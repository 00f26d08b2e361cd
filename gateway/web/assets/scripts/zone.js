// The time zone of the person, which decides when their days begin.

/**
 * Tells the server the time zone of the browser.
 * @returns {string} the zone if the server did not know it, else ''
 */
export function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  if (!zone || document.cookie.includes('docket_zone=' + zone)) return ''
  document.cookie = `docket_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax`
  return zone
}
