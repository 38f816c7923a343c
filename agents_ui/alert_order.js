// Which alert comes first: the one of the most urgent ticket, and of those the one that has rung longest.

/** @import { Alert } from "./types.js" */

const UNKNOWN = 3 // as urgent as most: a queue too long has no ticket of its own

/** @param {Alert[]} alerts @param {(alert: Alert) => number | undefined} priorityOf @returns {Alert[]} */
export function byUrgency(alerts, priorityOf) {
  const rank = (/** @type {Alert} */ alert) => priorityOf(alert) ?? UNKNOWN
  return [...alerts].sort((a, b) => rank(a) - rank(b) || Date.parse(a.raised_at) - Date.parse(b.raised_at))
}

/** Somebody should still answer it. @param {Alert} alert */
export function isOpen(alert) {
  return !["acknowledged", "exhausted", "closed"].includes(alert.state)
}

/** @param {Alert} alert */
export function ticketOf(alert) {
  return alert.ticket?.id ?? alert.ticket_id ?? null
}
