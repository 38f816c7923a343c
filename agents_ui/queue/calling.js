// What of all that moves in the queue calls for this agent, when they look elsewhere.

/** @import { OutOfReach, QueueRow } from "../types.js" */
/** @typedef {"chat" | "answer" | "given"} Call a chat that waits, words on one's own ticket, a ticket that became one's own */

/**
 * @param {QueueRow | undefined} before as it was known
 * @param {QueueRow | null} after
 * @param {{me: string, isAway: boolean, outOfReach: Record<string, OutOfReach>}} reader
 * @returns {Call | null}
 */
export function callOf(before, after, { me, isAway, outOfReach }) {
  if (!after || !["open", "pending"].includes(after.status)) return null
  if (after.assignee?.id === me) {
    if (before && before.assignee?.id !== me) return "given"
    return after.unread && before?.last_message_at !== after.last_message_at ? "answer" : null
  }
  const waits = after.channel === "chat" && after.status === "open" && !after.assignee && after.unread
  const waited = before?.status === "open" && !before.assignee && before.unread
  const isMine = !isAway && !outOfReach[after.pool_id ?? ""]
  return waits && !waited && isMine ? "chat" : null
}
