// Open alerts, each on one line that opens to more: what it is about and the button that answers it are always there.

import { html, useEffect, useState } from "../vendor/ui.js"
import { acknowledge, handOn } from "./actions/changes.js"
import { ticketOf } from "./alert_order.js"
import { inWords, isOverload } from "./alert_words.js"
import { Icon } from "./icons.js"
import { go, route } from "./route.js"
import { current, openAlerts, overload } from "./stores.js"
import { number, plural, t } from "./translation.js"

/** @import { Alert } from "./types.js" */

const SURE_WITHIN = 6000

/** The open ticket shows its own. */
export function alertsElsewhere() {
  return openAlerts().filter(alert => ticketOf(alert) !== current.value?.id)
}

/** Alerts of other tickets: the most urgent, and opened all of them with what else slows the queue. */
export function OpenAlerts() {
  const [whole, showWhole] = useState(false)
  const open = alertsElsewhere()
  useEffect(() => showWhole(false), [route.value.ticket])
  if (!open.length) return null
  const [first, ...others] = open
  const overloaded = overload.value.on && !open.some(alert => isOverload(subjectOf(alert)))
  const toggle = html`<${More} count=${open.length} late=${overloaded ? overload.value.late : 0} whole=${whole} show=${showWhole} />`
  return html`<section class="alerts" aria-label=${t("Open alerts")}>
    <p class="visually-hidden" role="alert">${open.length > 1 && `${countOf(open.length)}. `}${spoken(first)}</p>
    <${AlertLine} key=${first.id} alert=${first} whole=${whole} toggle=${toggle}><${AlertText} alert=${first} /></${AlertLine}>
    ${whole && others.map(alert => html`<${AlertLine} key=${alert.id} alert=${alert} whole><${AlertText} alert=${alert} /></${AlertLine}>`)}
    ${whole && overloaded && html`<div class="banner" data-tone="plain"><${Icon} name="hourglass" /><span>${overloadInWords()} ${t("Next first gives what can still be answered in time.")}</span></div>`}</section>`
}

/** The alert of the ticket that is open. @param {{alert: Alert}} props */
export function OwnAlert({ alert }) {
  const [whole, showWhole] = useState(false)
  const said = inWords(alert.reason) || t("This ticket raised an alert")
  return html`<${AlertLine} alert=${alert} whole=${whole} toggle=${html`<${More} count=${1} late=${0} whole=${whole} show=${showWhole} />`}>
    <span class="alert-text" role="alert"><strong>${said}</strong></span></${AlertLine}>`
}

export function overloadInWords() {
  const { late, online } = overload.value
  return plural("{late} tickets late, {n} agent online.", "{late} tickets late, {n} agents online.", online, { late })
}

/** On a phone the button that wakes comes with the rest. @param {{alert: Alert, whole: boolean, toggle?: any, children?: any}} props */
function AlertLine({ alert, whole, toggle, children }) {
  return html`<div class="alert-banner" data-whole=${whole}><${Icon} name="siren" />${children}${toggle}
    <${WakeButton} alert=${alert} /><button type="button" class="button danger" onClick=${() => acknowledge(alert.id)}>${t("Acknowledge")}</button></div>`
}

/** A wide window shows all of a single alert by itself. @param {{count: number, late: number, whole: boolean, show: (whole: boolean) => void}} props */
function More({ count, late, whole, show }) {
  const isMany = count > 1 || late > 0
  return html`<button type="button" class="button quiet alert-more" data-many=${isMany} aria-expanded=${whole} onClick=${() => show(!whole)}>
    ${count > 1 && html`<span class="alert-count" aria-hidden="true">${number(count)}</span><span class="alert-words">${countOf(count)}</span>`}
    ${late > 0 && html`<span class="alert-words">${plural("{n} ticket late", "{n} tickets late", late)}</span>`}
    ${!isMany && html`<span class="alert-words">${t("More about the alert")}</span>`}<${Icon} name=${whole ? "chevron-up" : "chevron-down"} /></button>`
}

/** Waking takes two clicks, since somebody's phone rings. @param {{alert: Alert}} props */
function WakeButton({ alert }) {
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
  return html`<button type="button" class="button quiet alert-wake" disabled=${waking} onClick=${handOnNow} title=${label}><${Icon} name="bell-ring" /><span class=${sure ? "" : "button-text"}>${label}</span></button>`
}

/** @param {{alert: Alert}} props */
function AlertText({ alert }) {
  const { ticket, reason, details } = alert
  const id = ticketOf(alert)
  if (id) {
    return html`<span class="alert-text"><strong>${inWords(reason) || t("This ticket raised an alert")}</strong>
      ${ticket && html` <button type="button" class="link" onClick=${() => go({ ticket: id })}>#${ticket.number} ${ticket.subject}</button>`}</span>`
  }
  const text = inWords(subjectOf(alert)) || t("Alert raised")
  return html`<span class="alert-text">${details?.url?.startsWith("/") ? html`<a class="alert-about" href=${details.url} title=${inWords(details.body)}>${text}</a>` : html`<strong title=${inWords(details?.body)}>${text}</strong>`}</span>`
}

/** @param {Alert} alert */
function spoken(alert) {
  const { ticket, reason } = alert
  return ticket ? `${inWords(reason)} #${ticket.number} ${ticket.subject}` : inWords(subjectOf(alert)) || t("Alert raised")
}

/** @param {Alert} alert */
function subjectOf({ details, reason }) {
  return details?.subject || reason
}

/** @param {number} count */
function countOf(count) {
  return plural("{n} open alert", "{n} open alerts", count)
}
