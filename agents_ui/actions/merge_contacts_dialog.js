// "Is this one person?": who stays, what moves, and what is not shown any more, before it is done.

import { html, useEffect, useState } from "../../vendor/ui.js"
import { CTRL, Icon, Keys } from "../icons.js"
import { dialog } from "../notices_store.js"
import { get } from "../server/http.js"
import { plural, t } from "../translation.js"
import { reasonOf } from "./changes.js"
import { calledContact, mergeContacts } from "./one_person.js"

/** @import { Known } from "../types.js" */

/**
 * @typedef {object} Preview
 * @property {Known} into
 * @property {Known} merged
 * @property {number} tickets
 * @property {number} open_tickets
 * @property {Known["identities"]} identities
 * @property {{field: "name" | "company" | "locale" | "time_zone", kept: string | null, other: string | null}[]} differences
 * @property {boolean} blocked
 * @property {string[]} unproven
 */

/** @param {{into: string, merged: string}} props */
export function MergeContactsDialog({ into, merged }) {
  const [stays, setStays] = useState(into)
  const [preview, setPreview] = useState(/** @type {Preview | null} */ (null))
  const [problem, setProblem] = useState("")
  const [sending, setSending] = useState(false)
  useEffect(() => {
    const stop = new AbortController()
    get(`/api/v1/contacts/${stays}/merge`, { from: stays === into ? merged : into }, stop.signal)
      .then(found => { setPreview(found); setProblem("") })
      .catch(error => { if (!stop.signal.aborted) setProblem(told(error)) })
    return () => stop.abort()
  }, [stays])

  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    if (sending || !preview || preview.into.id !== stays) return
    setSending(true)
    try {
      await mergeContacts(preview.into, preview.merged)
      dialog.value = null
    } catch (error) {
      setProblem(told(error))
      setSending(false)
    }
  }
  const close = () => { dialog.value = null }
  return html`<form class="form" onSubmit=${submit} onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event) }}>
    <header class="dialog-head"><h2><${Icon} name="users" />${t("Is this one person?")}</h2>
      <button type="button" class="button quiet icon-only" onClick=${close} aria-label=${t("Close")}><${Icon} name="x" /></button></header>
    <div class="form-body">
      ${preview && html`<${Stays} preview=${preview} stays=${stays} choose=${setStays} /><${Moves} preview=${preview} />`}
      ${!preview && !problem && html`<p role="status">${t("Loading")}</p>`}
      <p class="form-problem" role="alert">${problem && html`<${Icon} name="circle-alert" />${problem}`}</p>
    </div>
    <footer class="dialog-foot"><button type="button" class="button" onClick=${close}>${t("Cancel")}</button>
      <button type="submit" class="button primary" disabled=${sending || !preview || preview.into.id !== stays}>${t("Merge the contacts")}<${Keys} keys=${`${CTRL} ↵`} /></button></footer>
  </form>`
}

/** In one order, whoever is chosen. @param {{preview: Preview, stays: string, choose: (id: string) => void}} props */
function Stays({ preview, stays, choose }) {
  const both = [preview.into, preview.merged].sort((one, other) => (one.id < other.id ? -1 : 1))
  return html`<fieldset class="field about"><legend>${t("Which contact stays?")}</legend>
    ${both.map(one => html`<label class="check" key=${one.id}><input type="radio" name="stays" checked=${one.id === stays} onChange=${() => choose(one.id)} />
      <span class="same-person"><span>${calledContact(one)}</span><span class="previous-time">${known(one)}</span></span></label>`)}</fieldset>`
}

/** @param {{preview: Preview}} props */
function Moves({ preview }) {
  const { into, merged } = preview
  const name = calledContact(into)
  return html`<div class="moves"><h3>${t("What becomes {name}’s", { name })}</h3>
    <ul>
      <li><${Icon} name="inbox" /><span>${plural("{n} ticket", "{n} tickets", preview.tickets)}${preview.open_tickets > 0 && `, ${plural("{n} open", "{n} open", preview.open_tickets)}`}</span></li>
      ${preview.identities.filter(one => one.kind !== "external").map(one => html`<li key=${one.value}><${Icon} name=${one.kind === "phone" ? "phone" : "mail"} /><span>${one.value}
        ${!one.verified && html` <span class="chip warn">${t("not verified")}</span>`}</span></li>`)}
      ${preview.differences.map(one => html`<li key=${one.field}><${Icon} name=${one.other ? "minus" : "plus"} /><span>${difference(one)}</span></li>`)}
      ${preview.blocked && html`<li><${Icon} name="lock" /><span>${t("The block in the chat holds for {name} too.", { name })}</span></li>`}
    </ul>
    ${preview.unproven.length > 0 && html`<p class="moves-warning"><${Icon} name="triangle-alert" /><span>${t("Nothing proves who {name} is: anybody may have typed that. After the merge their browser shows the other’s chats too.", {
      name: calledContact(preview.unproven[0] === into.id ? into : merged) })}</span></p>`}
    <p class="why-rule">${t("Tickets keep their plan and promises. For 24 hours you can take the two apart again.")}</p></div>`
}

/** @param {Preview["differences"][number]} one */
function difference({ field, kept, other }) {
  const what = { name: t("Name"), company: t("Company"), locale: t("Language"), time_zone: t("Time zone") }[field]
  return other ? t("{what}: {kept} stays, {other} is not shown", { what, kept: kept ?? "", other }) : t("{what}: {kept} is taken over", { what, kept: kept ?? "" })
}

/** @param {Known} contact */
function known(contact) {
  return contact.identities.filter(one => one.kind !== "external").map(one => one.value).join(", ") || t("a visitor of the chat")
}

/** @param {any} error */
function told(error) {
  if (error.code === "contact_elsewhere") return t("They wrote to an inbox you do not see. Ask somebody who sees it.")
  if (error.code === "contact_merged") return t("One of them was merged before. Close this and look again.")
  return error.status ? reasonOf(error.code, error.message) : reasonOf("offline")
}
