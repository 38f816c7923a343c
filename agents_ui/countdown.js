// How long until something is due, in few letters, and how worried to look about it.

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const SOON = 15 * MINUTE

/**
 * @param {string | null | undefined} dueAt ISO 8601
 * @param {number} now milliseconds, in the server's time
 * @returns {{text: string, tone: "late" | "soon" | "calm", left: number} | null}
 */
export function countdown(dueAt, now) {
  if (!dueAt) return null
  const left = Date.parse(dueAt) - now
  const tone = left < 0 ? "late" : left < SOON ? "soon" : "calm"
  return { text: left < 0 ? `−${span(Math.max(MINUTE, -left), MINUTE)}` : span(left), tone, left }
}

/** The two largest units, seconds only where they matter. @param {number} ms @param {number} [secondsBelow] */
export function span(ms, secondsBelow = 2 * MINUTE) {
  if (ms < secondsBelow) return `${Math.floor(ms / SECOND)}s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m`
  if (ms < DAY) return pair(Math.floor(ms / HOUR), "h", Math.floor((ms % HOUR) / MINUTE), "m")
  return pair(Math.floor(ms / DAY), "d", Math.floor((ms % DAY) / HOUR), "h")
}

/** @param {number} large @param {string} unit @param {number} small @param {string} smallUnit */
function pair(large, unit, small, smallUnit) {
  return small ? `${large}${unit} ${small}${smallUnit}` : `${large}${unit}`
}
