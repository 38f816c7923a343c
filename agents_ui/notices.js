// What the whole window must know: the line is down, nothing comes in, an action went through or did not.

import { html, useState } from "../vendor/ui.js"
import { alertsElsewhere, overloadInWords } from "./alert_lines.js"
import { Icon, Keys } from "./icons.js"
import { dismiss, toasts } from "./notices_store.js"
import { comeOrGo, isAway } from "./availability.js"
import { now } from "./server/server_time.js"
import { dayAndTime, plural, t } from "./translation.js"
import { outbox, outboxRevision } from "./actions/changes.js"
import { connection, formOnly, mailOutages, me, overload, unsentMails } from "./stores.js"

/**
 * One line; on a phone it opens to what else there is to say.
 * @param {{tone: "plain" | "warn" | "danger", icon: string, more?: any, action?: any, children?: any}} props
 */
function Line({ tone, icon, more, action, children }) {
  const [whole, showWhole] = useState(false)
  return html`<div class="banner" data-tone=${tone} data-whole=${whole}><${Icon} name=${icon} />
    <span class="banner-text" role=${tone === "danger" ? "alert" : "status"}>${children}${more && html`<span class="banner-more"> ${more}</span>`}</span>
    ${more && html`<button type="button" class="button quiet icon-only tiny" aria-expanded=${whole} aria-label=${t("What that means")} onClick=${() => showWhole(!whole)}><${Icon} name=${whole ? "chevron-up" : "chevron-down"} /></button>`}
    ${action}</div>`
}

export function ConnectionBanner() {
  const state = connection.state.value
  outboxRevision.value
  const waiting = outbox.waiting
  if (state === "signed_out") {
    return html`<${Line} tone="danger" icon="lock" more=${t("What you wrote is kept on this machine.")} action=${html`<a class="button" href="/sign-in">${t("Sign in")}</a>`}>${t("Your sign-in has ended.")}</${Line}>`
  }
  if (state === "offline") {
    const again = html`<button type="button" class="button quiet" onClick=${() => connection.wake()}>${t("Try now")}</button>`
    return html`<${Line} tone="warn" icon="wifi-off" more=${t("What you write is kept and sent by itself.")} action=${again}>${t("Not connected.")}
      ${waiting > 0 && html` ${plural("{n} message waits.", "{n} messages wait.", waiting)}`}</${Line}>`
  }
  if (state === "polling") {
    return html`<${Line} tone="plain" icon="refresh-cw" more=${t("New things take a few seconds longer.")}>${t("This network blocks live updates.")}</${Line}>`
  }
  return null
}

/** Whoever stepped away is told until they are back: it would otherwise hold for days. */
export function AwayBanner() {
  if (!isAway()) return null
  const back = html`<button type="button" class="button quiet" onClick=${comeOrGo}>${t("Back at work")}</button>`
  return html`<${Line} tone="warn" icon="circle-pause" more=${t("No new work is given to you.")} action=${back}>${t("You are away.")}</${Line}>`
}

/** Why the next ticket is not the one that has waited longest. An open alert takes it into its own line. */
export function OverloadBanner() {
  if (!overload.value.on || alertsElsewhere().length) return null
  return html`<${Line} tone="plain" icon="hourglass" more=${t("Next first gives what can still be answered in time.")}>${overloadInWords()}</${Line}>`
}

/** Visitors cannot chat just now, which agents would otherwise learn from an empty queue. */
export function FormOnlyBanner() {
  const inboxes = formOnly.value
  if (!inboxes.length) return null
  const settings = ["owner", "admin"].includes(me.role) && html`<a class="button quiet" href=${`/admin/widget?inbox=${inboxes[0].id}`}>${t("Settings of the chat")}</a>`
  return html`<${Line} tone="warn" icon="triangle-alert" more=${t("Visitors of {inboxes} leave a message by form instead of chatting.", { inboxes: inboxes.map(one => one.name).join(", ") })} action=${settings}>${t("The brake is on.")}</${Line}>`
}

/** Why it is quiet: an inbox whose mail cannot be fetched. */
export function MailBanner() {
  const [first, ...others] = mailOutages.value
  if (!first) return null
  const administers = ["owner", "admin"].includes(me.role)
  const words = { inbox: first.name, time: first.since ? dayAndTime(first.since, now()) : "" }
  const more = [others.length > 0 && plural("{n} other inbox as well.", "{n} other inboxes as well.", others.length), !administers && t("Administrators have been told.")].filter(Boolean)
  return html`<${Line} tone="danger" icon="mail" more=${more.join(" ")} action=${administers && html`<a class="button" href="/admin/mail">${t("See why")}</a>`}>
    ${first.since ? t("No mail comes into {inbox} since {time}.", words) : t("No mail comes into {inbox}.", words)}</${Line}>`
}

/** Answers look sent on a new installation, but nothing can leave yet. */
export function UnsentBanner() {
  const waiting = unsentMails.value
  if (!waiting) return null
  return html`<${Line} tone="danger" icon="mail" action=${html`<a class="button quiet" href="/admin">${t("How to set it")}</a>`}>
    ${plural("{n} mail waits: no mail server is set.", "{n} mails wait: no mail server is set.", waiting)}</${Line}>`
}

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">${toasts.value.map(one => html`<div class="toast" data-tone=${one.tone} key=${one.id}>
    <${Icon} name=${one.tone === "danger" ? "circle-alert" : "check"} /><span class="toast-text">${one.text}</span>
    ${one.action && html`<button type="button" class="button quiet" onClick=${() => { dismiss(one.id); one.action?.run() }}>${one.action.label}${one.action.key && html`<${Keys} keys=${one.action.key} />`}</button>`}
    <button type="button" class="button quiet icon-only tiny" onClick=${() => dismiss(one.id)} aria-label=${t("Dismiss")}><${Icon} name="x" /></button></div>`)}</div>`
}
