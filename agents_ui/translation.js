// Every visible text, in the agent's language: the English text is the key, the same catalogue as the server's.

/** @type {Record<string, string | string[]>} */
let catalog = {}
let locale = "en"
let plurals = new Intl.PluralRules("en")
/** @type {string | undefined} */
let zone

/** @param {string} wanted @param {(locale: string) => Promise<Record<string, string | string[]>>} [load] */
export async function useLocale(wanted, load = fetchCatalog) {
  locale = wanted
  plurals = new Intl.PluralRules(locale)
  try {
    catalog = wanted.startsWith("en") ? {} : await load(wanted)
  } catch {
    catalog = {} // English is better than nothing at all
  }
}

/** The agent's own zone, as in the server's sentences; one the browser does not know is passed over. @param {string | undefined} name */
export function useTimeZone(name) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name })
    zone = name
  } catch {
    zone = undefined
  }
  formatters.clear()
}

/** @param {string} message @param {Record<string, unknown>} [values] */
export function t(message, values) {
  const found = catalog[message]
  return filled(typeof found === "string" ? found : message, values)
}

/** @param {string} one @param {string} many @param {number} n @param {Record<string, unknown>} [values] */
export function plural(one, many, n, values) {
  const forms = catalog[one]
  const single = plurals.select(n) === "one"
  const text = Array.isArray(forms) ? forms[single ? 0 : forms.length - 1] : single ? one : many
  return filled(text ?? many, { n: number(n), ...values })
}

/** @param {number} n */
export function number(n) {
  return n.toLocaleString(locale)
}

/** Always by the 24-hour clock, as the rota and the server's own sentences. @param {string | number | Date} at @param {Intl.DateTimeFormatOptions} options */
export function time(at, options) {
  const region = locale === "en" ? "en-GB" : locale
  const key = `${region} ${JSON.stringify(options)}`
  let formatter = formatters.get(key)
  if (!formatter) formatters.set(key, formatter = new Intl.DateTimeFormat(region, { hourCycle: "h23", timeZone: zone, ...options }))
  return formatter.format(new Date(at))
}

/** Making one costs a hundred times as much as using it. @type {Map<string, Intl.DateTimeFormat>} */
const formatters = new Map()

/** @param {string | number} at */
export function clockTime(at) {
  return time(at, { hour: "2-digit", minute: "2-digit" })
}

/** Today as a time, this week as a day, else a date. @param {string | number} at @param {number} now */
export function shortTime(at, now) {
  const moment = new Date(at).getTime()
  if (dayKey(moment) === dayKey(now)) return clockTime(moment)
  if (Math.abs(now - moment) < 6 * 86_400_000) return time(moment, { weekday: "short" })
  return time(moment, { day: "numeric", month: "short" })
}

/** A moment near now, never without its time of day. @param {string | number} at @param {number} now */
export function dayAndTime(at, now) {
  const day = shortTime(at, now)
  const clock = clockTime(at)
  return day === clock ? clock : `${day} ${clock}`
}

/** @param {string | number} at @param {number} now */
export function dayName(at, now) {
  const days = Math.round((Date.parse(dayKey(now)) - Date.parse(dayKey(at))) / 86_400_000)
  if (days === 0) return t("Today")
  if (days === 1) return t("Yesterday")
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? undefined : "numeric"
  return time(at, { weekday: "long", day: "numeric", month: "long", year })
}

/** @param {string | number} at */
export function fullTime(at) {
  return time(at, { dateStyle: "medium", timeStyle: "short" })
}

/** @param {string} text @param {Record<string, unknown>} [values] */
function filled(text, values) {
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)) : text
}

/** The calendar day of a moment, as 2026-11-21. @param {string | number} at */
export function dayKey(at) {
  const key = `day ${zone}`
  let formatter = formatters.get(key)
  if (!formatter) formatters.set(key, formatter = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: zone }))
  return formatter.format(new Date(at))
}

/** @param {string} wanted */
async function fetchCatalog(wanted) {
  const language = wanted.split("-")[0]
  const module = await import(new URL(`../locales/workspace.${language}.js`, import.meta.url).href)
  return module.default
}
