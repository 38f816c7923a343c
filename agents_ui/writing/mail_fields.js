// Whom a mail goes to: shown on one line, opened to change it, with a word on who is added or left out.

import { html, useState } from "../../vendor/ui.js"
import { Icon } from "../icons.js"
import { t } from "../translation.js"

/** @import { Answering, People } from "../types.js" */

const ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;"]+$/

/** @param {{people: People, proposed: Answering | null, change: (people: People) => void, open: boolean, setOpen: (open: boolean) => void}} props */
export function MailFields({ people, proposed, change, open, setOpen }) {
  const names = { to: t("To"), cc: t("Cc"), bcc: t("Bcc") }
  const fields = /** @type {const} */ (["to", "cc", "bcc"])
  if (!open) {
    return html`<div class="mail-people"><button type="button" class="mail-line" onClick=${() => setOpen(true)} aria-expanded="false" title=${t("Change who gets this")}>
      ${fields.filter(field => people[field].length).map(field => html`<span key=${field}><span class="mail-label">${names[field]}</span> ${people[field].join(", ")}</span>`)}
      ${!people.to.length && html`<span class="mail-label">${t("To nobody yet")}</span>`}<${Icon} name="pencil" label=${t("Change who gets this")} /></button>
      <${Differences} people=${people} proposed=${proposed} change=${change} /></div>`
  }
  return html`<div class="mail-people" role="group" aria-label=${t("Who gets this")}>
    ${fields.map(field => html`<${AddressField} key=${field} label=${names[field]} addresses=${people[field]} change=${(/** @type {string[]} */ list) => change(only(people, field, list))} />`)}
    <${Differences} people=${people} proposed=${proposed} change=${change} />
    <button type="button" class="mail-close" onClick=${() => setOpen(false)} aria-expanded="true"><${Icon} name="chevron-up" />${t("Fewer lines")}</button></div>`
}

/** @param {{label: string, addresses: string[], change: (list: string[]) => void}} props */
function AddressField({ label, addresses, change }) {
  const [text, setText] = useState("")
  const [wrong, setWrong] = useState("")
  const take = () => {
    const parts = addressesIn(text)
    const bad = parts.filter(one => !ADDRESS.test(one))
    const good = parts.filter(one => ADDRESS.test(one))
    if (good.length) change([...new Set([...addresses, ...good])])
    setText(bad.join(", "))
    setWrong(bad.length ? t("{address} is no e-mail address", { address: bad.join(", ") }) : "")
  }
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.isComposing) return
    if (["Enter", ",", ";"].includes(event.key) && text.trim()) {
      event.preventDefault()
      take()
    } else if (event.key === "Enter") event.preventDefault()
    else if (event.key === "Backspace" && !text && addresses.length) change(addresses.slice(0, -1))
  }
  const id = `mail-${label}`
  return html`<div class="mail-field"><label class="mail-label" for=${id}>${label}</label>
    <ul class="mail-addresses" aria-label=${label}>${addresses.map(one => html`<li class="chip" key=${one}>${one}<button type="button" class="chip-x" onClick=${() => change(addresses.filter(other => other !== one))} aria-label=${t("Remove {name}", { name: one })}><${Icon} name="x" /></button></li>`)}</ul>
    <input id=${id} type="text" inputmode="email" autocomplete="off" spellcheck=${false} value=${text} aria-invalid=${Boolean(wrong)}
      onInput=${(/** @type {Event} */ event) => setText(/** @type {HTMLInputElement} */ (event.target).value)} onKeyDown=${onKeyDown} onBlur=${take} />
    ${wrong && html`<span class="mail-wrong" role="alert">${wrong}</span>`}</div>`
}

/** Whom one writes to, by name where it is the contact: a mail may go to somebody else. @param {{name: string | null, email: string | null, phone: string | null}} contact @param {string[]} to */
export function addressee(contact, to) {
  if (to.length && !to.includes(contact.email?.toLowerCase() ?? "")) return to.join(", ")
  return contact.name || contact.email || contact.phone || t("the visitor")
}

/** What differs from the mail that is answered. @param {{people: People, proposed: Answering | null, change: (people: People) => void}} props */
function Differences({ people, proposed, change }) {
  if (!proposed) return null
  const { added, removed } = differences(people, proposed)
  const left = proposed.left_out.filter(one => !everybody(people).includes(one))
  const gone = proposed.undeliverable.filter(one => everybody(people).includes(one))
  if (!added.length && !removed.length && !left.length && !gone.length) return null
  return html`<p class="mail-differences" role="status">
    ${added.length > 0 && html`<span class="mail-added"><${Icon} name="user-plus" />${t("Adding {people}", { people: added.join(", ") })}</span>`}
    ${removed.length > 0 && html`<span class="mail-removed"><${Icon} name="circle-alert" />${t("Leaving out {people}", { people: removed.join(", ") })}</span>`}
    ${left.length > 0 && html`<span><${Icon} name="users" />${t("Also on that mail, unproven: {people}", { people: left.join(", ") })}${" "}
      <button type="button" class="link" onClick=${() => change({ ...people, cc: [...people.cc, ...left] })}>${t("Copy to them too")}</button></span>`}
    ${gone.length > 0 && html`<span class="mail-removed"><${Icon} name="circle-alert" />${t("Mail to {people} came back before", { people: gone.join(", ") })}</span>`}
  </p>`
}

/** @param {People} people @param {Pick<Answering, "to" | "cc">} proposed */
export function differences(people, proposed) {
  const now = everybody(people)
  const before = [...proposed.to, ...proposed.cc]
  return { added: now.filter(one => !before.includes(one)), removed: before.filter(one => !now.includes(one)) }
}

/** @param {People} people */
export function everybody({ to, cc, bcc }) {
  return [...to, ...cc, ...bcc]
}

/** Typed or pasted: `Kim <kim@x.se>, lee@y.se`. @param {string} text */
export function addressesIn(text) {
  return text.split(/[,;\n]+/).map(part => (/<([^<>]+)>/.exec(part)?.[1] ?? part).trim().toLowerCase()).filter(Boolean)
}

/** An address stands in one field only. @param {People} people @param {"to" | "cc" | "bcc"} field @param {string[]} list @returns {People} */
export function only(people, field, list) {
  const rest = (/** @type {"to" | "cc" | "bcc"} */ name) => (name === field ? list : people[name].filter(one => !list.includes(one)))
  return { to: rest("to"), cc: rest("cc"), bcc: rest("bcc") }
}
