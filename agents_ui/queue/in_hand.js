// What was in the agent's hands when they left, and went back to the queue before they came again.

import { toast } from "../notices_store.js"
import { go } from "../route.js"
import { remember, remembered } from "../server/storage.js"
import { t } from "../translation.js"

/** @import { QueueRow, Ticket } from "../types.js" */

const READ_FOR = 30_000 // ms: whoever comes back looks elsewhere first

/** @param {QueueRow[]} rows @param {string} me @returns {string[]} ids */
export function inHand(rows, me) {
  return rows.filter(row => row.status === "open" && row.assignee?.id === me).map(row => row.ticket_id)
}

/** @param {string} me @param {string[]} ids */
export function keepInMind(me, ids) {
  remember(key(me), ids.length ? ids : null)
}

/** @param {string} me @returns {string[]} */
export function hadInHand(me) {
  return remembered(key(me)) ?? []
}

/**
 * Says which of these nobody has any more.
 * @param {string[]} ids
 * @param {(id: string) => Promise<Pick<Ticket, "id" | "number" | "status" | "assignee">>} load
 */
export async function tellWhatWentBack(ids, load) {
  const found = await Promise.all(ids.map(id => load(id).catch(() => null)))
  const back = found.filter(one => one !== null).filter(one => one.status === "open" && !one.assignee)
  if (!back.length) return
  const numbers = back.map(one => `#${one.number}`).join(", ")
  toast(t("{numbers} went back to the queue while you were away", { numbers }), {
    ms: READ_FOR, action: { label: t("Open ticket"), run: () => go({ ticket: back[0].id }) },
  })
}

/** @param {string} me */
function key(me) {
  return `helpdesk.in_hand.${me}`
}
