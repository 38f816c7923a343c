// Which view a ticket stands in, and in which order: the same rule as the server's, on rows already here.

/** @import { QueueRow, Scope, View } from "./types.js" */

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
    case "mine": return row.status === "open" && row.assignee?.id === me
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
 * The order on screen while it is held still: nothing that stands moves, nothing new pushes in.
 * @param {string[]} shown ids as they stand
 * @param {string[]} wanted ids as they should stand
 * @returns {{ids: string[], fresh: number, moved: boolean}}
 */
export function held(shown, wanted) {
  const standing = new Set(shown)
  const staying = new Set(wanted)
  const fresh = wanted.filter(id => !standing.has(id)).length
  const left = shown.filter(id => !staying.has(id)).length
  const moved = left > 0 || fresh > 0 || shown.some((id, index) => wanted[index] !== id)
  return { ids: shown, fresh, moved }
}

/**
 * Newest version wins, whatever order rows arrive in; of one version the later word (read or not) holds.
 * @param {{version: number} | undefined} known
 * @param {{version: number}} incoming
 */
export function isNewer(known, incoming) {
  return !known || incoming.version >= known.version
}

/** ISO times of one zone order as text once their fractions are equally long. @param {string | null} a @param {string | null} b */
function ascending(a, b) {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return Date.parse(a) - Date.parse(b)
}

/** @param {QueueRow} a @param {QueueRow} b */
function byId(a, b) {
  return a.ticket_id < b.ticket_id ? -1 : a.ticket_id > b.ticket_id ? 1 : 0
}
