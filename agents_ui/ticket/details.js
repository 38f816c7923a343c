// Beside the thread: who it is, what was promised and until when, and why the ticket stands where it stands.

import { html, useEffect, useState } from "../../vendor/ui.js"
import { action, canRun } from "../actions/actions.js"
import { countdown } from "../countdown.js"
import { channelName, leftOut, metricName, priorityName, statusWord } from "../naming.js"
import { get, request } from "../server/http.js"
import { Avatar, Icon, Keys } from "../icons.js"
import { go } from "../route.js"
import { tick } from "../server/server_time.js"
import { people } from "../stores.js"
import { fullTime, shortTime, t, time } from "../translation.js"
import { Why } from "../queue/why.js"
import { SamePerson } from "./same_person.js"
import { WhyDeadline } from "./why_deadline.js"

/** @import { Clock, QueueRow, Ticket } from "../types.js" */

/** How many other tickets are shown at first, and at most. */
const FEW = 5
const MOST = 200

/** What a contact's zone says when nobody knows it. */
const NOWHERE = /^(Etc\/)?(UTC|GMT|Zulu|Universal)$/

/** @param {{ticket: Ticket, shown: boolean}} props */
export function Details({ ticket, shown }) {
  const contact = ticket.contact
  const name = contact.name || contact.email || contact.phone || t("Visitor")
  return html`<aside class="details-pane" data-shown=${shown} aria-label=${t("Details")}>
    <div class="details-head"><button type="button" class="button quiet icon-only" onClick=${() => go({ details: false })} aria-label=${t("Back to the conversation")}><${Icon} name="chevron-left" /></button><h2>${t("Details")}</h2></div>
    <section class="details-card">
      <div class="contact-head"><${Avatar} name=${name} /><div><h3>${breakable(name)}${canRun(action("name")) && html` <button type="button" class="link rename" onClick=${action("name").run} aria-label=${t("Name the contact…")} title=${t("Name the contact…")}><${Icon} name="pencil" /></button>`}</h3>${ticket.company && html`<p>${ticket.company.name}</p>`}</div></div>
      <dl class="facts">
        ${identities(ticket).map(one => html`<${Fact} key=${one.value} icon=${one.icon} label=${one.label}><a href=${one.href}>${breakable(one.value)}</a>
          ${one.verified === false && html`<span class="chip warn">${t("not verified")}</span>`}</${Fact}>`)}
        ${contact.time_zone && !NOWHERE.test(contact.time_zone) && html`<${Fact} icon="globe" label=${t("Local time")}>${localTime(contact.time_zone, tick.value)}</${Fact}>`}
        ${ticket.visitor?.page && html`<${Fact} icon="globe" label=${t("Page")}><a href=${ticket.visitor.page} target="_blank" rel="noopener noreferrer nofollow">${ticket.visitor.page.replace(/^https?:\/\//, "")}</a></${Fact}>`}
        ${Object.entries(ticket.visitor?.attributes ?? {}).map(([name, value]) => html`<${Fact} key=${name} icon="tag" label=${name}>${String(value)}</${Fact}>`)}
        ${ticket.visitor && html`<${Fact} icon="lock" label=${t("In the chat")}><${Block} ticket=${ticket} /></${Fact}>`}
        ${ticket.plan && html`<${Fact} icon="star" label=${t("Plan")}>${ticket.plan.name}</${Fact}>`}
        ${ticket.left_out_plan && html`<${Fact} icon="info" label=${t("Company's plan")}>${leftOut(ticket.left_out_plan.name, ticket.channel)}</${Fact}>`}
      </dl>
    </section>
    <${SamePerson} contact=${contact.id} />
    <section class="details-card">
      <dl class="facts">
        <${Fact} label=${t("Status")}>${statusName(ticket)}</${Fact}>
        <${Fact} label=${t("Assignee")}><button type="button" class="link" onClick=${action("assign").run}>${ticket.assignee?.name ?? t("Nobody")}</button></${Fact}>
        <${Fact} label=${t("Priority")}><button type="button" class="link" onClick=${action("priority").run}>P${ticket.priority} · ${priorityName(ticket.priority)}</button></${Fact}>
        ${(ticket.team || canRun(action("team"))) && html`<${Fact} label=${t("Team")}>${canRun(action("team"))
          ? html`<button type="button" class="link" onClick=${action("team").run}>${ticket.team?.name ?? t("No team")}</button>` : ticket.team?.name}</${Fact}>`}
        <${Fact} label=${t("Channel")}><span class="capital">${channelName(ticket.channel)}</span> · ${ticket.inbox.name}</${Fact}>
        <${Fact} label=${t("Opened")}><time datetime=${ticket.created_at}>${fullTime(ticket.created_at)}</time></${Fact}>
        <${Fact} label=${t("Tags")}><span class="chips wrap">${ticket.tags.map(tag => html`<span class="chip" key=${tag}>${tag}</span>`)}
          <button type="button" class="link" onClick=${action("tags").run} aria-label=${t("Add or remove a tag")}><${Icon} name="plus" /></button></span></${Fact}>
      </dl>
    </section>
    ${ticket.clocks.length > 0 && html`<section class="details-card"><h3>${t("Promises")}</h3>
      <ul class="clocks">${ticket.clocks.map(clock => html`<${ClockLine} key=${clock.metric} clock=${clock} ticket=${ticket} />`)}</ul></section>`}
    ${ticket.why && html`<section class="details-card"><h3>${t("Why is this here?")} <${Keys} keys="w" /></h3><${Why} row=${ticket} /></section>`}
    <${Previous} ticket=${ticket} />
  </aside>`
}

/** Blocking takes two clicks, since the visitor notices. @param {{ticket: Ticket}} props */
function Block({ ticket }) {
  const [blocked, set] = useState(Boolean(ticket.visitor?.blocked))
  const [sure, ask] = useState(false)
  useEffect(() => { set(Boolean(ticket.visitor?.blocked)); ask(false) }, [ticket.contact.id, ticket.visitor?.blocked])
  const path = `/api/v1/contacts/${ticket.contact.id}/block`
  const run = async () => {
    if (!blocked && !sure) return ask(true)
    await request(blocked ? "DELETE" : "POST", path, blocked ? undefined : {}).then(() => { set(!blocked); ask(false) }).catch(() => {})
  }
  return html`<button type="button" class="link" onClick=${run}>${blocked ? t("Blocked: let in again") : sure ? t("Yes, block this visitor") : t("Block this visitor")}</button>`
}

/** @param {{label: string, icon?: string, children?: any}} props */
function Fact({ label, icon, children }) {
  return html`<div class="fact"><dt>${icon && html`<${Icon} name=${icon} />`}<span>${label}</span></dt><dd>${children}</dd></div>`
}

/** @param {{clock: Clock, ticket: Ticket}} props */
function ClockLine({ clock, ticket }) {
  const left = countdown(clock.due_at, tick.value)
  const [icon, tone, text] = clock.met_at && !clock.breached_at ? ["circle-check", "ok", t("kept")]
    : clock.met_at ? ["circle-alert", "late", t("kept late")]
    : !clock.running ? ["circle-pause", "calm", t("paused")]
    : left?.tone === "late" ? ["timer", "late", t("late by {time}", { time: left.text.slice(1) })]
    : ["timer", left?.tone ?? "calm", left ? t("due in {time}", { time: left.text }) : ""]
  return html`<li><details class="clock-why"><summary class="clock" data-tone=${tone} title=${clock.due_at ? fullTime(clock.due_at) : undefined}><${Icon} name=${icon} />
    <span>${metricName(clock.metric)}</span><span class="clock-left">${text}</span></summary><${WhyDeadline} clock=${clock} ticket=${ticket} /></details></li>`
}

/** The contact's other tickets; without an answer the card stays away. @param {{ticket: Ticket}} props */
function Previous({ ticket }) {
  const [items, setItems] = useState(/** @type {QueueRow[]} */ ([]))
  const [all, setAll] = useState(false)
  const changes = people.value
  useEffect(() => { setItems([]); setAll(false) }, [ticket.id, ticket.contact.id])
  useEffect(() => {
    const stop = new AbortController()
    get("/api/v1/tickets", { contact_id: ticket.contact.id, limit: all ? MOST : FEW + 2 }, stop.signal)
      .then(found => setItems(found.items.filter((/** @type {QueueRow} */ one) => one.ticket_id !== ticket.id))).catch(() => {})
    return () => stop.abort()
  }, [ticket.id, ticket.contact.id, all, changes])
  if (!items.length) return null
  const shown = all ? items : items.slice(0, FEW)
  return html`<section class="details-card"><h3>${t("Other tickets")}</h3><ul class="previous">
    ${shown.map(one => html`<li key=${one.number}><button type="button" class="link" onClick=${() => go({ ticket: one.ticket_id })}>
      <span class="number">#${one.number}</span><span class="previous-subject">${one.subject || t("No subject")}</span>
      ${one.status !== "open" && html`<span class="chip">${statusName({ status: one.status })}</span>`}
      <span class="previous-time">${one.last_message_at ? shortTime(one.last_message_at, tick.peek()) : ""}</span></button></li>`)}</ul>
    ${shown.length < items.length && html`<button type="button" class="link" onClick=${() => setAll(true)}>${t("Show all tickets of this contact")}</button>`}</section>`
}

/** @param {Ticket} ticket @returns {{icon: string, label: string, value: string, href: string, verified?: boolean}[]} */
function identities({ contact }) {
  const found = contact.identities?.filter(one => one.kind === "email" || one.kind === "phone") ?? []
  const known = found.length ? found : [
    ...(contact.email ? [{ kind: "email", value: contact.email, verified: true }] : []),
    ...(contact.phone ? [{ kind: "phone", value: contact.phone, verified: true }] : []),
  ]
  return known.map(one => one.kind === "email"
    ? { icon: "mail", label: t("Email"), value: one.value, href: `mailto:${one.value}`, verified: one.verified }
    : { icon: "phone", label: t("Phone"), value: one.value, href: `tel:${one.value}` })
}

/** A long address breaks at its @ and dots first. @param {string} value */
function breakable(value) {
  return value.includes("@") ? value.split(/(?=[@.])/).map(part => [html`<wbr />`, part]) : value
}

/** @param {{status: import("../types.js").Status, snoozed_until?: string | null}} ticket */
function statusName({ status, snoozed_until }) {
  if (status === "snoozed" && snoozed_until) return t("Snoozed until {time}", { time: fullTime(snoozed_until) })
  return statusWord(status)
}

/** @param {string} zone @param {number} moment */
function localTime(zone, moment) {
  try {
    return `${time(moment, { hour: "2-digit", minute: "2-digit", timeZone: zone })} · ${zone.split("/").pop()?.replace(/_/g, " ")}`
  } catch {
    return zone
  }
}
