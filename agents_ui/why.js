// "Why is this here?": the server's sentence, and its parts as a sum that can be checked.

import { html } from "../vendor/ui.js"
import { currentLocale, dayAndTime, plural, t } from "./translation.js"
import { now } from "./server_time.js"

/** @import { QueueRow, Ticket } from "./types.js" */

/** @param {{row: QueueRow | Ticket}} props */
export function Why({ row }) {
  const parts = row.why_parts
  const minutes = (/** @type {number} */ n) => plural("{n} minute", "{n} minutes", n)
  return html`<p class="why-sentence">${sentence(row)}</p>
    ${parts && html`<table class="why-sum"><caption class="visually-hidden">${t("How its place is worked out")}</caption><tbody>
      <tr><th scope="row">${t("Answer due")}</th><td>${moment(parts.due_at)}</td></tr>
      ${parts.handling_minutes > 0 && html`<tr><th scope="row">${t("Typical handling")}</th><td>− ${minutes(parts.handling_minutes)}</td></tr>
        <tr class="why-total"><th scope="row">${t("Start by")}</th><td>${moment(parts.start_by)}</td></tr>`}
      ${parts.head_start.map(one => html`<tr key=${one.reason}><th scope="row">${t("Head start: {name}", { name: one.name })}</th><td>− ${minutes(one.minutes)}</td></tr>`)}
      ${row.rank_at && html`<tr class="why-total"><th scope="row">${t("Place in the queue")}</th><td>${moment(row.rank_at)}</td></tr>`}
    </tbody></table>
    <p class="why-rule">${t("The earliest place is taken first, whatever the channel.")}</p>`}`
}

/** The server's sentence; in another language than English the same one made from its parts. @param {QueueRow | Ticket} row */
export function sentence(row) {
  const parts = row.why_parts
  if (!parts || currentLocale().startsWith("en")) return row.why
  const values = { start: moment(parts.start_by), due: moment(parts.due_at), n: parts.handling_minutes }
  const start = parts.handling_minutes > 0 ? t("Start by {start} (due {due}, typically {n} min)", values) : t("Start by {start} (due {due})", values)
  const starts = parts.head_start.map(one => t("{n} min head start: {name}", { n: one.minutes, name: one.name }))
  return [start, ...starts].join("; ")
}

/** @param {string} at */
function moment(at) {
  return dayAndTime(at, now())
}
