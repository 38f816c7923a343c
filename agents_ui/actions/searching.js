// Tickets found by the words of their messages, as choices of a dialog.

import { channelIcon } from "../icons.js"
import { statusWord } from "../naming.js"
import { get } from "../server/http.js"
import { now } from "../server/server_time.js"
import { dayAndTime, t } from "../translation.js"

/** @import { Option } from "../notices_store.js" */
/** @import { ListedTicket } from "../types.js" */

/** What a search understands besides words; chosen, it stands in the field. */
export const OPERATORS = ["from:", "is:open", "is:done", "channel:email", "assignee:me", "tag:"]

/** @param {string} text @param {string | null} [after] @returns {Promise<{items: ListedTicket[], next: string | null}>} */
export function findTickets(text, after = null) {
  return get("/api/v1/tickets", { q: text, limit: 15, after })
}

/** @param {ListedTicket} row a queue row, or one that was found @returns {Option} */
export function ticketOption(row) {
  const done = ["resolved", "closed", "merged"].includes(row.status) && statusWord(row.status)
  const message = row.found?.message
  return {
    id: `ticket ${row.ticket_id} ${message?.id ?? ""}`.trim(), label: row.subject || t("No subject"), group: t("Tickets"),
    parts: row.found?.subject, hint: [`#${row.number}`, row.contact?.name ?? row.contact?.email, done].filter(Boolean).join(" · "),
    icon: channelIcon(row.channel), line: message ? found(message) : undefined,
  }
}

/** @param {NonNullable<NonNullable<ListedTicket["found"]>["message"]>} message @returns {Option["line"]} */
function found(message) {
  const [file] = message.files
  const who = message.by || (message.is_contact ? t("Visitor") : t("Agent"))
  const icon = file ? "paperclip" : message.kind === "note" ? "eye-off" : message.kind === "call" ? "phone" : message.is_contact ? "message-circle" : "corner-up-left"
  const kind = message.kind === "note" ? t("Internal note") : ""
  return { icon, kind, lead: `${who}, ${dayAndTime(message.at, now())}`, parts: file ?? message.text }
}
