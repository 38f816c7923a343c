// Which view a ticket stands in, and in which order: the same rule as the server's, on rows already here.

/** @import { QueueRow, Scope, View } from "../types.js" */

/** @type {View[]} */
export const VIEWS = ["queue", "mine", "open", "snoozed", "pending", "resolved"]

/**
 * @param {QueueRow} row
 * @param {View} view
 * @param {string} me the agent's id
 * @param {Scope} [channel]
 */
export function belongs(row, view, me, channel = null) {
  if (channel && row.channel !== channel) return false
  switch (view) {
    case "queue": return row.status === "open" && !row.assignee
    case "mine": return (row.status === "open" || row.status === "pending") && row.assignee?.id === me
    case "open": return row.status === "open"
    case "snoozed": return row.status === "snoozed"
    case "pending": return row.status === "pending"
    case "resolved": return row.status === "resolved" || row.status === "closed"
  }
}

/**
 * Open work stands by rank, what sleeps by when it wakes, the rest by what moved last.
 * @param {View} view
 * @returns {(a: QueueRow, b: QueueRow) => number}
 */
export function order(view) {
  if (view === "snoozed") return (a, b) => ascending(a.snoozed_until, b.snoozed_until) || byId(a, b)
  if (view === "pending" || view === "resolved") {
    return (a, b) => ascending(b.last_message_at, a.last_message_at) || byId(a, b)
  }
  return (a, b) => ascending(a.rank_at, b.rank_at) || byId(a, b)
}

/**
 * The order on screen while it is held still: nothing that stands moves, nothing new pushes in between;
 * what belongs below the last row is only added there.
 * @param {string[]} shown ids as they stand
 * @param {string[]} wanted ids as they should stand
 * @returns {{ids: string[], fresh: number, moved: boolean}}
 */
export function held(shown, wanted) {
  const standing = new Set(shown)
  const staying = new Set(wanted)
  const below = wanted.slice(wanted.findLastIndex(id => standing.has(id)) + 1)
  const fresh = shown.length ? wanted.filter(id => !standing.has(id)).length - below.length : 0
  const ids = below.length ? [...shown, ...below] : shown
  const moved = ids.some((id, index) => wanted[index] !== id) || shown.some(id => !staying.has(id))
  return { ids, fresh, moved }
}

/**
 * Newest version wins, whatever order rows arrive in; of one version the later word (read or not) holds.
 * @param {{version: number} | undefined} known
 * @param {{version: number}} incoming
 */
export function isNewer(known, incoming) {
  return !known || incoming.version >= known.version
}

/** @param {string | null} a @param {string | null} b */
function ascending(a, b) {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return moment(a) - moment(b)
}

/** @type {Map<string, number>} */
const moments = new Map()

/** Sorting thousands of rows asks for the same times again and again. @param {string} at */
function moment(at) {
  let known = moments.get(at)
  if (known === undefined) {
    if (moments.size > 50_000) moments.clear()
    moments.set(at, known = Date.parse(at))
  }
  return known
}

/** @param {QueueRow} a @param {QueueRow} b */
function byId(a, b) {
  return a.ticket_id < b.ticket_id ? -1 : a.ticket_id > b.ticket_id ? 1 : 0
}
