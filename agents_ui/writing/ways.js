// By which way and when what is written reaches somebody, in words and as the server takes it.

import { snoozeTimes } from "../actions/snooze_times.js"
import { pick } from "../notices_store.js"
import { now } from "../server/server_time.js"
import { dayAndTime, t } from "../translation.js"

/** @import { Forwarded, Kind } from "./drafts.js" */
/** @import { MailWay, People, Ticket } from "../types.js" */

/** @param {Ticket} ticket @param {Kind} kind @param {People | null} people @param {Forwarded | null} forwards @param {Pick<MailWay, "send_at" | "tags">} along @returns {MailWay} */
export function wayOf(ticket, kind, people, forwards, along) {
  if (kind === "forward") return { way: "forward", people: people ?? {}, message: forwards?.id, files: forwards?.files.map(one => one.id) ?? [], ...along }
  return { way: ticket.status === "closed" ? "follow_up" : "reply", people: people ?? {}, ...along }
}

/** Whether a reply can reach the contact, in words by which way, and whether that is mail. @param {Ticket} ticket @returns {[boolean, string, boolean]} */
export function canAnswer(ticket) {
  const { email, phone } = ticket.contact
  if (ticket.status === "merged") return [false, t("The ticket was merged"), false]
  if (ticket.status === "closed") return email ? [true, t("Closed: a new ticket goes on from it"), true] : [false, t("The ticket is closed"), false]
  if (ticket.channel === "chat") return [true, email ? t("By chat, or {address} when they have left", { address: email }) : t("By chat"), false]
  if (ticket.channel === "email" || email) return [true, t("By email to {address}", { address: email ?? "" }), true]
  return [ticket.channel === "api", ticket.channel === "api" ? t("Through the API") : t("No address to write to: call {number}", { number: phone ?? "" }), false]
}

/** @returns {Promise<string | null>} null when it was put away */
export function pickTime() {
  const options = snoozeTimes(now()).map(({ label, at }) => ({ id: at.toISOString(), label, hint: dayAndTime(at.getTime(), now()), icon: "clock" }))
  return pick({ title: t("Send later"), placeholder: t("Pick a time"), options, extra: "datetime-local" })
}
