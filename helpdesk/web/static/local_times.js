// Puts every <time data-local="…"> into the reader's own time zone and keeps "ago" true.

/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const FORMATS = {
  clock: { timeStyle: "short" },
  full: { dateStyle: "medium", timeStyle: "short" },
}
/** @type {Array<[Intl.RelativeTimeFormatUnit, number]>} */
const UNITS = [["day", 86_400], ["hour", 3600], ["minute", 60]]
const MINUTE = 60_000

/** @param {ParentNode} page */
export function showLocalTimes(page) {
  const pageLanguage = document.documentElement.lang
  // The page says "en"; the reader's browser knows whether that means 14:30 or 2:30 PM.
  const language = navigator.languages.find(wish => wish.split("-")[0] === pageLanguage)
    ?? (pageLanguage === "en" ? "en-GB" : pageLanguage) // as the server writes English times
  const times = /** @type {HTMLTimeElement[]} */ ([...page.querySelectorAll("time[data-local]")])
  const show = () => times.forEach(time => showOne(time, language, Date.now()))
  show()
  page.querySelectorAll("[data-hours]").forEach(hours => {
    hours.textContent = inClock(hours.textContent ?? "", language)
  })
  if (times.some(time => time.dataset.local === "ago")) setInterval(show, MINUTE / 2)
}

/**
 * @param {HTMLTimeElement} time
 * @param {string} language
 * @param {number} now
 */
function showOne(time, language, now) {
  const at = new Date(time.dateTime)
  const kind = time.dataset.local ?? "full"
  time.textContent = kind === "ago" ? ago(at, language, now) : inWords(at, kind, language, now)
  time.title = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" }).format(at)
}

/**
 * "08:00–17:00" of another zone stays as it is, but is written as the reader writes the clock.
 * @param {string} text
 * @param {string} language
 */
export function inClock(text, language) {
  const clock = new Intl.DateTimeFormat(language, { ...FORMATS.clock, timeZone: "UTC" })
  return text.replace(/(\d\d):(\d\d)/g, (_, hours, minutes) => {
    const shown = clock.format(Date.UTC(2024, 0, 1, Number(hours), Number(minutes)))
    return hours === "24" ? shown.replace(/^00/, "24") : shown
  })
}

/**
 * A moment of today is its clock time; another day's says the day too.
 * @param {Date} at
 * @param {string} kind
 * @param {string} language
 * @param {number} now
 */
function inWords(at, kind, language, now) {
  if (kind !== "moment") return new Intl.DateTimeFormat(language, FORMATS[kind]).format(at)
  const isToday = new Date(now).toDateString() === at.toDateString()
  const day = isToday ? "" : `${new Intl.DateTimeFormat(language, { weekday: "long" }).format(at)} `
  return day + new Intl.DateTimeFormat(language, FORMATS.clock).format(at) // 02:10, where the language writes it so
}

/**
 * @param {Date} at
 * @param {string} language
 * @param {number} now
 */
function ago(at, language, now) {
  const seconds = Math.round((at.getTime() - now) / 1000)
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["minute", 60]
  return new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }).format(Math.trunc(seconds / size), unit)
}
