// Why a promise is due when it is: what counted, what did not, step by step.

import { html } from "../../vendor/ui.js"
import { span } from "../countdown.js"
import { fullTime, t, time } from "../translation.js"

/** @import { Clock, Ticket } from "../types.js" */

/** @param {{clock: Clock, ticket: Ticket}} props */
export function WhyDeadline({ clock, ticket }) {
  const lines = clock.why ?? []
  const terms = ticket.policy?.name ?? ticket.plan?.name
  return html`<ol class="why-deadline">
    <li>${t("Promised: {span} of {calendar}", { span: span(clock.target_seconds * 1000), calendar: clock.calendar })}${terms && html` <span class="chip">${terms}</span>`}</li>
    ${lines.map((line, at) => html`<li key=${at} data-kind=${line.kind}>${words(line)}</li>`)}
    ${clock.due_at && html`<li class="why-total">${t("Due {time}", { time: fullTime(clock.due_at) })}</li>`}
  </ol>`
}

/** @param {import("../types.js").WhyLine} line */
function words(line) {
  if (line.kind === "holiday") return t("{day} {name}: closed, does not count", { day: day(line.on), name: line.name ?? "" })
  if (line.kind === "paused") {
    return line.to ? t("{from} – {to}: paused", { from: fullTime(line.from), to: fullTime(line.to) }) : t("Paused since {from}", { from: fullTime(line.from) })
  }
  return t("{from} – {to}: {span} counted", { from: fullTime(line.from), to: clock(line.to), span: span((line.seconds ?? 0) * 1000) })
}

/** @param {string | null | undefined} at */
function clock(at) {
  return at ? time(at, { hour: "2-digit", minute: "2-digit" }) : ""
}

/** A date without a time, wherever its reader is. @param {string | undefined} on */
function day(on) {
  return on ? time(`${on}T12:00:00Z`, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }) : ""
}
