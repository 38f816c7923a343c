// What the whole window must know: the line is down, an alert is open, an action went through or did not.

import { html, useEffect, useState } from "../vendor/ui.js"
import { ticketOf } from "./alert_order.js"
import { inWords, isOverload } from "./alert_words.js"
import { Icon, Keys } from "./icons.js"
import { dismiss, toasts } from "./notices_store.js"
import { comeOrGo, isAway } from "./availability.js"
import { go } from "./route.js"
import { fullTime, plural, t } from "./translation.js"
import { acknowledge, handOn, outbox, outboxRevision } from "./actions/changes.js"
import { connection, current, formOnly, mailOutages, me, openAlerts, overload, unsentMails } from "./stores.js"

export function ConnectionBanner() {
  const state = connection.state.value
  outboxRevision.value
  const waiting = outbox.waiting
  if (state === "signed_out") {
    return html`<div class="banner" data-tone="danger" role="alert"><${Icon} name="lock" /><span>${t("Your sign-in has ended. What you wrote is kept on this machine.")}</span>
      <a class="button" href="/sign-in">${t("Sign in")}</a></div>`
  }
  if (state === "offline") {
    return html`<div class="banner" data-tone="warn" role="status"><${Icon} name="wifi-off" /><span>${t("Not connected: what you write is kept and sent by itself.")}
      ${waiting > 0 && html` ${plural("{n} message waits.", "{n} messages wait.", waiting)}`}</span>
      <button type="button" class="button quiet" onClick=${() => connection.wake()}>${t("Try now")}</button></div>`
  }
  if (state === "polling") {
    return html`<div class="banner" data-tone="plain" role="status"><${Icon} name="refresh-cw" /><span>${t("This network blocks live updates: new things take a few seconds longer.")}</span></div>`
  }
  return null
}

/** Whoever stepped away is told until they are back: it would otherwise hold for days. */
export function AwayBanner() {
  if (!isAway()) return null
  return html`<div class="banner" data-tone="warn" role="status"><${Icon} name="circle-pause" /><span>${t("You are away: no new work is given to you.")}</span>
    <button type="button" class="button quiet" onClick=${comeOrGo}>${t("Back at work")}</button></div>`
}

/** One calm line: why the next ticket is not the one that has waited longest. An alert about it says so itself. */
export function OverloadBanner() {
  const { on, late, online } = overload.value
  const [alert] = alertsElsewhere()
  if (!on || alert && isOverload(alert.details?.subject || alert.reason)) return null
  return html`<div class="banner" data-tone="plain" role="status"><${Icon} name="hourglass" />
    <span>${plural("{late} tickets are late and {n} agent is online. Next first gives what can still be answered in time.", "{late} tickets are late and {n} agents are online. Next first gives what can still be answered in time.", online, { late })}</span></div>`
}

/** Visitors cannot chat just now, which agents would otherwise learn from an empty queue. */
export function FormOnlyBanner() {
  const inboxes = formOnly.value
  if (!inboxes.length) return null
  return html`<div class="banner" data-tone="warn" role="status"><${Icon} name="triangle-alert" />
    <span>${t("The brake is on: visitors of {inboxes} leave a message by form instead of chatting.", { inboxes: inboxes.map(one => one.name).join(", ") })}</span>
    ${["owner", "admin"].includes(me.role) && html`<a class="button quiet" href=${`/admin/widget?inbox=${inboxes[0].id}`}>${t("Settings of the chat")}</a>`}</div>`
}

/** Why it is quiet: an inbox whose mail cannot be fetched. */
export function MailBanner() {
  const [first, ...others] = mailOutages.value
  if (!first) return null
  const administers = ["owner", "admin"].includes(me.role)
  const words = { inbox: first.name, time: first.since ? fullTime(first.since) : "" }
  return html`<div class="banner" data-tone="danger" role="alert"><${Icon} name="mail" />
    <span>${first.since ? t("No mail comes into {inbox} since {time}.", words) : t("No mail comes into {inbox}.", words)}
      ${others.length > 0 && html` ${plural("{n} other inbox as well.", "{n} other inboxes as well.", others.length)}`}
      ${!administers && html` ${t("Administrators have been told.")}`}</span>
    ${administers && html`<a class="button" href="/admin/mail">${t("See why")}</a>`}</div>`
}

/** Answers look sent on a new installation, but nothing can leave yet. */
export function UnsentBanner() {
  const waiting = unsentMails.value
  if (!waiting) return null
  return html`<div class="banner" data-tone="danger" role="alert"><${Icon} name="mail" />
    <span>${plural("{n} mail waits: no mail server is set.", "{n} mails wait: no mail server is set.", waiting)}</span>
    <a class="button quiet" href="/admin">${t("How to set it")}</a></div>`
}

/** The open ticket shows its own. */
function alertsElsewhere() {
  return openAlerts().filter(alert => ticketOf(alert) !== current.value?.id)
}

/** Alerts of other tickets, the most urgent or all. */
export function OpenAlerts() {
  const [all, showAll] = useState(false)
  const open = alertsElsewhere()
  if (!open.length) return null
  return html`<div class="alerts" role="alert">${(all ? open : open.slice(0, 1)).map((alert, index) => html`<div class="alert-banner global" key=${alert.id}>
    <${Icon} name="siren" /><span class="alert-text"><${AlertText} alert=${alert} /></span>
    ${index === 0 && open.length > 1 && html`<button type="button" class="button quiet" aria-expanded=${all} onClick=${() => showAll(!all)}>
      <span class="alert-count" aria-hidden="true">${open.length}</span><span>${all ? t("Show one") : plural("{n} open alert", "{n} open alerts", open.length)}</span><${Icon} name=${all ? "arrow-up" : "arrow-down"} /></button>`}
    <${AlertButtons} alert=${alert} /></div>`)}</div>`
}

const SURE_WITHIN = 6000

/** Waking takes two clicks, since somebody's phone rings. @param {{alert: import("./types.js").Alert}} props */
export function AlertButtons({ alert }) {
  const [waking, wake] = useState(false)
  const [sure, ask] = useState(false)
  useEffect(() => {
    const timer = sure ? setTimeout(() => ask(false), SURE_WITHIN) : undefined
    return () => clearTimeout(timer)
  }, [sure])
  const handOnNow = () => {
    ask(!sure)
    if (!sure) return
    wake(true)
    handOn(alert.id).finally(() => wake(false))
  }
  const label = sure ? t("Yes, wake them now") : t("Wake the next person")
  return html`<button type="button" class="button quiet" disabled=${waking} onClick=${handOnNow} title=${label}><${Icon} name="bell-ring" /><span class=${sure ? "" : "button-text"}>${label}</span></button>
    <button type="button" class="button danger" onClick=${() => acknowledge(alert.id)}>${t("Acknowledge")}</button>`
}

/** @param {{alert: import("./types.js").Alert}} props */
function AlertText({ alert }) {
  const { ticket, reason, details } = alert
  const id = ticketOf(alert)
  if (!id) {
    const text = inWords(details?.subject || reason) || t("Alert raised")
    return details?.url?.startsWith("/") ? html`<a class="alert-about" href=${details.url} title=${inWords(details.body)}>${text}</a>` : html`<strong title=${inWords(details?.body)}>${text}</strong>`
  }
  return html`<strong>${inWords(reason) || t("This ticket raised an alert")}</strong>
    ${id && ticket && html` <button type="button" class="link" onClick=${() => go({ ticket: id })}>#${ticket.number} ${ticket.subject}</button>`}`
}

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">${toasts.value.map(one => html`<div class="toast" data-tone=${one.tone} key=${one.id}>
    <${Icon} name=${one.tone === "danger" ? "circle-alert" : "check"} /><span class="toast-text">${one.text}</span>
    ${one.action && html`<button type="button" class="button quiet" onClick=${() => { dismiss(one.id); one.action?.run() }}>${one.action.label}${one.action.key && html`<${Keys} keys=${one.action.key} />`}</button>`}
    <button type="button" class="button quiet icon-only tiny" onClick=${() => dismiss(one.id)} aria-label=${t("Dismiss")}><${Icon} name="x" /></button></div>`)}</div>`
}
