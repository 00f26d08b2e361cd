// Light and dark.

/** Switches from light to dark or back, and has the server remember it. */
export function switchTheme() {
  const {dataset} = document.documentElement
  const isDark = dataset.theme ? dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  const theme = isDark ? 'light' : 'dark'
  dataset.theme = theme
  fetch('/look', {method: 'POST', body: new URLSearchParams({theme, back: '/'}), redirect: 'manual'}).catch(() => {})
}
