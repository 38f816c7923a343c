// Every text the panel shows: the English words are the key; dates and numbers follow the reader's language.

import { signal } from "../vendor/ui.js"

/** @typedef {Record<string, string | string[]>} Catalog */

const language = signal({ locale: "en", catalog: /** @type {Catalog} */ ({}) })
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
const RIGHT_TO_LEFT = /^(ar|arc|dv|fa|he|ku-arab|ps|sd|ug|ur|yi)\b/i

/** @param {string} locale @param {Catalog} catalog */
export function speak(locale, catalog) {
  language.value = { locale, catalog }
  document.documentElement.lang = locale
  document.documentElement.dir = RIGHT_TO_LEFT.test(locale) ? "rtl" : "ltr"
}

/** More texts, for what was loaded later. @param {Catalog} more */
export function learn(more) {
  language.value = { ...language.value, catalog: { ...language.value.catalog, ...more } }
}

export function locale() {
  return language.value.locale
}

/** @param {string} text @param {Record<string, string | number>} [values] */
export function t(text, values = {}) {
  const found = language.value.catalog[text]
  return filled(typeof found === "string" ? found : text, values)
}

/** @param {string} one @param {string} many @param {number} n @param {Record<string, string | number>} [values] */
export function plural(one, many, n, values = {}) {
  const forms = language.value.catalog[one]
  const text = Array.isArray(forms) ? forms[n === 1 ? 0 : forms.length - 1] : n === 1 ? one : many
  return filled(text, { n, ...values })
}

/** The reader's own region where it speaks the language: it decides how times look. */
function region() {
  const { value: { locale } } = language
  return navigator.languages.find(own => own.startsWith(`${locale}-`)) ?? (locale === "en" ? "en-GB" : locale)
}

/** @param {Date} at */
export function clockTime(at) {
  return at.toLocaleTimeString(region(), { timeStyle: "short" })
}

/** "Today", "Yesterday", or the date. @param {Date} at @param {Date} now */
export function dayName(at, now) {
  const days = daysBetween(now, at)
  if (days === 0 || days === -1) return capital(new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(days, "day"))
  return capital(at.toLocaleDateString(region(), { weekday: "long", day: "numeric", month: "long" }))
}

/** When somebody is back: "08:00", "tomorrow 08:00", "Monday 08:00", "24 December 08:00". @param {Date} at @param {Date} now */
export function moment(at, now) {
  const days = daysBetween(now, at)
  if (days === 0) return clockTime(at)
  if (days === 1) return `${new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(1, "day")} ${clockTime(at)}`
  const day = days < 7 ? { weekday: /** @type {const} */ ("long") } : { day: /** @type {const} */ ("numeric"), month: /** @type {const} */ ("long") }
  return `${at.toLocaleDateString(region(), day)} ${clockTime(at)}`
}

const MONDAY = Date.UTC(2024, 0, 1)

/**
 * "Mon–Fri 08:00–17:00" in the zone of those who answer, which is named where the reader's clock shows something else.
 * @param {Record<string, string[][]>} week by "mon" … "sun"
 * @param {string} zone
 * @param {Date} now
 */
export function openingHours(week, zone, now) {
  /** @type {{ first: string, last: string, times: string }[]} */
  const runs = []
  for (let day = 0; day < 7; day++) {
    const name = new Date(MONDAY + day * 864e5).toLocaleDateString(region(), { weekday: "short", timeZone: "UTC" })
    const times = (week[DAYS[day]] ?? []).map(span => span.map(hour).join("–")).join(", ")
    const run = runs[runs.length - 1]
    if (run?.times === times) run.last = name
    else runs.push({ first: name, last: name, times })
  }
  const open = runs.filter(run => run.times)
  const hours = open.map(({ first, last, times }) => `${first === last ? first : `${first}–${last}`} ${times}`).join(" · ")
  const isOwn = now.toLocaleString("sv", { timeZone: zone }) === now.toLocaleString("sv")
  return isOwn ? hours : `${hours} (${zone.slice(zone.lastIndexOf("/") + 1).replaceAll("_", " ")})`
}

/** "17:00" as the reader's clock writes it. @param {string} text */
function hour(text) {
  const [hours, minutes] = text.split(":").map(Number)
  const at = new Date(MONDAY + (hours * 60 + minutes) * 6e4)
  const shown = at.toLocaleTimeString(region(), { timeStyle: "short", timeZone: "UTC" })
  return hours === 24 ? shown.replace(/^00/, "24") : shown
}

/** @param {number} seconds */
export function replyTime(seconds) {
  const minutes = Math.max(1, Math.round(seconds / 60))
  if (minutes < 60) return plural("Replies in about {n} minute", "Replies in about {n} minutes", minutes)
  return plural("Replies in about {n} hour", "Replies in about {n} hours", Math.round(minutes / 60))
}

/** @param {Date} from @param {Date} to */
function daysBetween(from, to) {
  return Math.round((startOfDay(to) - startOfDay(from)) / 864e5)
}

/** @param {Date} at */
function startOfDay(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime()
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toLocaleUpperCase(locale()) + text.slice(1)
}

/** @param {string} text @param {Record<string, string | number>} values */
function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole))
}
