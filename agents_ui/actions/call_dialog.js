// "Log a call": what was said on the phone becomes a ticket in the same queue, or stands on the one it was about.

import { html, useEffect, useRef, useState } from "../../vendor/ui.js"
import { CTRL, Icon, Keys } from "../icons.js"
import { dialog, toast } from "../notices_store.js"
import { go } from "../route.js"
import { remember, remembered } from "../server/storage.js"
import { t } from "../translation.js"
import { About, useKnown, useOffered } from "./call_about.js"
import { logCall, reasonOf } from "./changes.js"
import { current, me } from "../stores.js"

/** @import { AboutTicket } from "./call_about.js" */
/** @import { Ticket } from "../types.js" */

const DRAFT = `helpdesk.call_draft.${me.id}`
const BLANK = { about: "", caller: "", name: "", contact_id: "", direction: "inbound", answered: true, minutes: "", began: "", notes: "", urgent: false, callback: "" }

/** @param {{onto?: Ticket}} props the ticket it was about, where one was asked from there */
export function CallDialog({ onto }) {
  const place = onto ? `${DRAFT}.${onto.id}` : DRAFT
  const begun = useRef(begin(onto)).current
  const [call, setCall] = useState({ ...(remembered(place) ? BLANK : begun), ...remembered(place) })
  const [problem, setProblem] = useState(/** @type {{text: string, field?: string} | null} */ (null))
  const [sending, setSending] = useState(false)
  const caller = useRef(/** @type {HTMLInputElement | null} */ (null))
  const attempt = useRef({ of: "", id: "" })
  const known = useKnown(call.caller.trim())
  const offered = useOffered(onto, onto?.contact.id ?? known?.id)
  const about = offered.find(one => one.id === call.about)
  useEffect(() => { caller.current?.select() }, []) // another number is typed over it
  useEffect(() => { remember(place, call.caller !== begun.caller || call.notes || call.name ? call : null) }, [call])

  const set = (/** @type {string} */ name) => (/** @type {Event} */ event) => {
    const input = /** @type {HTMLInputElement} */ (event.target)
    setCall({ ...call, [name]: input.type === "checkbox" ? input.checked : input.value })
    if (problem?.field === name) setProblem(null)
  }
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    if (sending) return
    if (!about && !/\d/.test(call.caller)) {
      setProblem({ text: t("Give the number of the call"), field: "caller" })
      return caller.current?.focus()
    }
    setSending(true)
    const wanted = about ? onTicket(call, about) : asTicket(call, known)
    const words = JSON.stringify(wanted)
    if (attempt.current.of !== words) attempt.current = { of: words, id: crypto.randomUUID() } // the same try again is logged once
    try {
      told(await logCall({ ...wanted, client_id: attempt.current.id }), about)
      remember(place, null)
      dialog.value = null
    } catch (error) {
      const failed = /** @type {any} */ (error)
      const text = failed.status ? reasonOf(failed.code, failed.message) : reasonOf("offline")
      setProblem({ text: t("Not logged yet: {reason}. What you wrote is kept.", { reason: text }), field: failed.field })
      setSending(false)
    }
  }
  const wrong = (/** @type {string} */ name) => (problem?.field === name ? "true" : undefined)
  return html`<form class="form" onSubmit=${submit} onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event) }} noValidate>
    <header class="dialog-head"><h2><${Icon} name="phone-call" />${t("Log a call")}</h2>
      <button type="button" class="button quiet icon-only" onClick=${() => { dialog.value = null }} aria-label=${t("Close")}><${Icon} name="x" /></button></header>
    <div class="form-body">
      <div class="form-row">
        <label class="field">${t("Phone number")}<input type="tel" name="caller" ref=${caller} required=${!about} autocomplete="off" value=${call.caller} onInput=${set("caller")}
          aria-invalid=${wrong("caller")} aria-describedby="call-problem call-known" placeholder="+46 70 123 45 67" /></label>
        ${!about && html`<label class="field">${t("Who")}<input type="text" name="name" autocomplete="off" value=${call.name} onInput=${set("name")} placeholder=${known?.name ?? t("Name, if you know it")} /></label>`}
      </div>
      <p class="form-problem at-field" id="call-problem" role="alert">${problem?.field === "caller" && html`<${Icon} name="circle-alert" />${problem.text}`}</p>
      <p class="form-hint" id="call-known" role="status">${known ? html`<${Icon} name="user-check" />${t("Known: {name}", { name: [known.name, known.company?.name].filter(Boolean).join(", ") || known.phone })}` : ""}</p>
      ${offered.length > 0 && html`<${About} offered=${offered} about=${about?.id ?? ""} choose=${(/** @type {string} */ id) => setCall({ ...call, about: id })} />`}
      <div class="form-row">
        <fieldset class="field"><legend>${t("Direction")}</legend><div class="switch wide">
          <label><input type="radio" name="direction" value="inbound" checked=${call.direction === "inbound"} onChange=${set("direction")} /><span><${Icon} name="phone-incoming" />${t("They called")}</span></label>
          <label><input type="radio" name="direction" value="outbound" checked=${call.direction === "outbound"} onChange=${set("direction")} /><span><${Icon} name="phone-outgoing" />${t("We called")}</span></label></div></fieldset>
        <label class="field narrow">${t("Minutes")}<input type="number" name="minutes" min="0" max="600" step="1" inputmode="numeric" value=${call.minutes} onInput=${set("minutes")} disabled=${!call.answered} /></label>
      </div>
      <label class="check"><input type="checkbox" checked=${call.answered} onChange=${set("answered")} /><span>${t("Somebody answered")}</span></label>
      <label class="field">${t("Notes")}<textarea name="notes" rows="4" value=${call.notes} onInput=${set("notes")} placeholder=${t("What was it about? What did you promise?")}></textarea></label>
      <div class="form-row">
        <label class="field">${t("When, if not just now")}<input type="datetime-local" name="began" value=${call.began} onInput=${set("began")} aria-invalid=${wrong("began_at")} /></label>
        <label class="field">${t("Call back at")}<input type="datetime-local" name="callback" value=${call.callback} onInput=${set("callback")} /></label>
        ${!about && html`<label class="check urgent"><input type="checkbox" checked=${call.urgent} onChange=${set("urgent")} /><span><${Icon} name="siren" />${t("Urgent")}</span></label>`}
      </div>
      <p class="form-problem" role="alert">${problem && problem.field !== "caller" ? html`<${Icon} name="circle-alert" />${problem.text}` : ""}</p>
    </div>
    <footer class="dialog-foot"><button type="button" class="button" onClick=${() => { dialog.value = null }}>${t("Cancel")}</button>
      <button type="submit" class="button primary" disabled=${sending}>${sending ? t("Logging") : about ? t("Log it on #{number}", { number: about.number }) : t("Log the call")}<${Keys} keys=${`${CTRL} ↵`} /></button></footer>
  </form>`
}

/** The number of whom one reads about, called back where that was promised. @param {Ticket | undefined} onto */
function begin(onto) {
  const ticket = onto ?? current.peek()?.ticket.peek()
  const owed = ticket?.clocks.some(clock => clock.metric === "callback" && !clock.met_at)
  return { ...BLANK, about: onto?.id ?? "", caller: ticket?.contact.phone ?? "", direction: owed ? "outbound" : BLANK.direction }
}

/** @param {Ticket} ticket @param {AboutTicket | undefined} about */
function told(ticket, about) {
  const open = { action: { label: t("Open ticket"), run: () => go({ ticket: ticket.id }) } }
  const words = about ? t("Call logged on #{number}", { number: ticket.number }) : t("Call logged as #{number}", { number: ticket.number })
  toast(words, current.peek()?.id === ticket.id ? {} : open)
}

/** @param {typeof BLANK} call @param {any} known */
function asTicket(call, known) {
  return {
    caller: call.caller.trim(),
    ...(known && !call.name.trim() ? { contact_id: known.id } : {}),
    ...(call.name.trim() ? { name: call.name.trim() } : {}),
    urgent: call.urgent,
    ...itself(call),
  }
}

/** @param {typeof BLANK} call @param {AboutTicket} about */
function onTicket(call, about) {
  return { ticket_id: about.id, ...(call.caller.trim() ? { caller: call.caller.trim() } : {}), ...itself(call) }
}

/** @param {typeof BLANK} call */
function itself(call) {
  return {
    direction: call.direction,
    answered: call.answered,
    duration: call.answered ? Math.round(Number(call.minutes || 0) * 60) : 0,
    notes: call.notes.trim(),
    ...(call.began ? { began_at: new Date(call.began).toISOString() } : {}),
    ...(call.callback ? { callback_at: new Date(call.callback).toISOString() } : {}),
  }
}
