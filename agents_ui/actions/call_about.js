// Which ticket a call was about: the one it is logged on, another open one of whoever called, or none yet.

import { html, useEffect, useState } from "../../vendor/ui.js"
import { Icon, channelIcon } from "../icons.js"
import { statusWord } from "../naming.js"
import { get } from "../server/http.js"
import { t } from "../translation.js"

/** @import { ListedTicket, Status } from "../types.js" */
/** @typedef {{id: string, number: number, subject: string, channel: string, status: Status, contact: {id: string, phone?: string | null}}} AboutTicket */

const PAUSE = 300
const MOST = 4

/** Whose number it is, as far as we know it. @param {string} number */
export function useKnown(number) {
  const [known, setKnown] = useState(/** @type {any} */ (null))
  useEffect(() => {
    if (number.replace(/\D/g, "").length < 6) return setKnown(null)
    const stop = new AbortController()
    const timer = setTimeout(() => get("/api/v1/contacts", { q: number, limit: 1 }, stop.signal)
      .then(found => setKnown(found.items[0] ?? null)).catch(() => {}), PAUSE)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [number])
  return known
}

/** Tickets it can be logged on, the given one first. @param {AboutTicket | undefined} onto @param {string | undefined} contact @returns {AboutTicket[]} */
export function useOffered(onto, contact) {
  const [theirs, setTheirs] = useState(/** @type {AboutTicket[]} */ ([]))
  useEffect(() => {
    if (!contact) return setTheirs([])
    const stop = new AbortController()
    get("/api/v1/tickets", { contact_id: contact, limit: 20 }, stop.signal).then(found => setTheirs(found.items.map(ofRow).filter(isOpen).slice(0, MOST))).catch(() => {})
    return () => stop.abort()
  }, [contact])
  return onto ? [onto, ...theirs.filter(one => one.id !== onto.id)] : theirs
}

/** @param {{offered: AboutTicket[], about: string, choose: (id: string) => void}} props */
export function About({ offered, about, choose }) {
  const choices = [...offered.map(one => ({ id: one.id, icon: channelIcon(one.channel), label: `#${one.number} ${one.subject || t("No subject")}`, hint: statusWord(one.status) })),
    { id: "", icon: "plus", label: t("A new ticket"), hint: "" }]
  return html`<fieldset class="field about"><legend>${t("What the call was about")}</legend>
    ${choices.map(one => html`<label class="check" key=${one.id}><input type="radio" name="about" value=${one.id} checked=${about === one.id} onChange=${() => choose(one.id)} />
      <span class="about-ticket"><${Icon} name=${one.icon} /><span class="about-subject">${one.label}</span>${one.hint && html`<span class="about-hint">${one.hint}</span>`}</span></label>`)}</fieldset>`
}

/** @param {ListedTicket} row @returns {AboutTicket} */
function ofRow(row) {
  return { id: row.ticket_id, number: row.number, subject: row.subject, channel: row.channel, status: row.status, contact: row.contact }
}

/** @param {{status: Status}} ticket */
function isOpen({ status }) {
  return ["open", "pending", "snoozed"].includes(status)
}
