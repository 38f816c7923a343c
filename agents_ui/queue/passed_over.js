// Why "Next" gave a ticket that did not stand first.

import { belongs, order } from "./queue_order.js"
import { reachOf } from "./reach.js"

/** @import { OutOfReach, QueueRow } from "../types.js" */

/**
 * Whether an overload let this ticket go ahead of late ones, because it could still be met.
 * @param {string} id what was claimed
 * @param {QueueRow[]} rows as they stood before
 * @param {Record<string, OutOfReach>} outOfReach by pool
 * @param {number} now
 */
export function wentAhead(id, rows, outOfReach, now) {
  const isLate = (/** @type {QueueRow} */ row) => row.start_by !== null && Date.parse(row.start_by) < now
  const taken = rows.find(row => row.ticket_id === id)
  if (!taken || isLate(taken)) return false
  const first = order("queue")
  return rows.some(row => belongs(row, "queue", "") && !reachOf(row, outOfReach) && isLate(row) && first(row, taken) < 0)
}
