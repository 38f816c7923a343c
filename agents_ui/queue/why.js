// "Why is this here?": the server's sentence, and its parts as a sum that can be checked.

import { html } from "../../vendor/ui.js"
import { leftOut } from "../naming.js"
import { dayAndTime, plural, t } from "../translation.js"
import { now } from "../server/server_time.js"

/** @import { QueueRow, Status, Ticket } from "../types.js" */

/** @param {{row: QueueRow | Ticket}} props */
export function Why({ row }) {
  const parts = row.status === "open" ? row.why_parts : null
  const minutes = (/** @type {number} */ n) => plural("{n} minute", "{n} minutes", n)
  return html`<p class="why-sentence">${sentence(row)}</p>
    ${parts && html`<table class="why-sum"><caption class="visually-hidden">${t("How its place is worked out")}</caption><tbody>
      <tr><th scope="row">${t("Answer due")}</th><td>${moment(parts.due_at)}</td></tr>
      ${parts.handling_minutes > 0 && html`<tr><th scope="row">${t("Typical handling")}</th><td>− ${minutes(parts.handling_minutes)}</td></tr>
        <tr class="why-total"><th scope="row">${t("Start by")}</th><td>${moment(parts.start_by)}</td></tr>`}
      ${parts.head_start.map(one => html`<tr key=${one.reason}><th scope="row">${t("Head start: {name}", { name: one.reason === "live_chat" ? t("live chat") : one.name })}</th><td>− ${minutes(one.minutes)}</td></tr>`)}
      ${row.rank_at && html`<tr class="why-total"><th scope="row">${t("Place in the queue")}</th><td>${moment(row.rank_at)}</td></tr>`}
    </tbody></table>
    ${row.status === "open" && html`<p class="why-rule">${t("The earliest place is taken first, whatever the channel.")}</p>`}`}`
}

/**
 * The server's sentence, made from its parts: rows that arrive live were written for nobody's language or zone.
 * @param {QueueRow | Ticket} row
 */
export function sentence(row) {
  if (row.status !== "open") return resting(row.status)
  const parts = row.why_parts
  if (!parts) return row.why
  const values = { start_by: moment(parts.start_by), due: moment(parts.due_at), minutes: parts.handling_minutes }
  const start = parts.handling_minutes > 0
    ? t("Start by {start_by} (due {due}, typically {minutes} min)", values)
    : t("Start by {start_by} (due {due})", values)
  const aside = row.left_out_plan ? `; ${leftOut(row.left_out_plan.name, row.channel)}` : ""
  if (!parts.head_start.length) return start + aside
  const several = parts.head_start.length > 1
  const names = parts.head_start.map(one => {
    const name = one.reason === "live_chat" ? t("live chat") : one.name
    return several ? t("{name} {minutes}", { name, minutes: one.minutes }) : name
  }).join(", ")
  const minutes = parts.head_start.reduce((sum, one) => sum + one.minutes, 0)
  return `${start}; ${t("{minutes} min head start: {names}", { minutes, names })}${aside}`
}

/** What does not wait for us has no place, and no time to start by. @param {Exclude<Status, "open">} status */
function resting(status) {
  switch (status) {
    case "pending": return t("Not in the queue: it waits for the contact")
    case "snoozed": return t("Not in the queue until it wakes")
    default: return t("Not in the queue: it is done")
  }
}

/** @param {string} at */
function moment(at) {
  return dayAndTime(at, now())
}
