// What the whole window must know: the line is down, nothing comes in, an action went through or did not.

import { html, useState } from "../vendor/ui.js"
import { OverloadText, alertsElsewhere } from "./alert_lines.js"
import { Icon, Keys } from "./icons.js"
import { dismiss, toasts } from "./notices_store.js"
import { comeOrGo, isAway } from "./availability.js"
import { fullTime, plural, t } from "./translation.js"
import { outbox, outboxRevision } from "./actions/changes.js"
import { connection, formOnly, mailOutages, me, overload, unsentMails } from "./stores.js"

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

/** One calm line: why the next ticket is not the one that has waited longest. An open alert takes it into its own. */
export function OverloadBanner() {
  const [whole, showWhole] = useState(false)
  if (!overload.value.on || alertsElsewhere().length) return null
  return html`<div class="banner overload" data-tone="plain" data-whole=${whole}><${Icon} name="hourglass" /><${OverloadText} />
    <button type="button" class="button quiet icon-only tiny" aria-expanded=${whole} aria-label=${t("What that means")} onClick=${() => showWhole(!whole)}><${Icon} name=${whole ? "chevron-up" : "chevron-down"} /></button></div>`
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

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">${toasts.value.map(one => html`<div class="toast" data-tone=${one.tone} key=${one.id}>
    <${Icon} name=${one.tone === "danger" ? "circle-alert" : "check"} /><span class="toast-text">${one.text}</span>
    ${one.action && html`<button type="button" class="button quiet" onClick=${() => { dismiss(one.id); one.action?.run() }}>${one.action.label}${one.action.key && html`<${Keys} keys=${one.action.key} />`}</button>`}
    <button type="button" class="button quiet icon-only tiny" onClick=${() => dismiss(one.id)} aria-label=${t("Dismiss")}><${Icon} name="x" /></button></div>`)}</div>`
}
