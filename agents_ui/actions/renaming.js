// Better words than the first ones: what a ticket is about, and who it is that writes.

import { pick, toast } from "../notices_store.js"
import { current, queue } from "../stores.js"
import { request } from "../server/http.js"
import { t } from "../translation.js"
import { change, refused } from "./changes.js"

/** @import { QueueRow, Ticket } from "../types.js" */
/** @typedef {Ticket | (QueueRow & {id: string})} Target */

/** @param {Target} ticket */
export async function changeSubject(ticket) {
  const subject = await ask(t("Subject of #{number}", { number: ticket.number }), t("What it is about"), ticket.subject)
  if (!subject || subject === ticket.subject) return
  change(ticket.id, { subject }, { said: t("#{number} is now called “{subject}”", { number: ticket.number, subject }), back: { subject: ticket.subject } })
}

/** @param {Target} ticket */
export async function nameContact(ticket) {
  const { id, name: before } = ticket.contact
  const name = await ask(t("Name of the contact"), t("First name and surname"), before ?? "")
  if (!name || name === before) return
  try {
    await request("PATCH", `/api/v1/contacts/${id}`, { name })
  } catch (error) {
    return refused(error)
  }
  for (const row of queue.all().filter(one => one.contact.id === id)) {
    queue.overlay(row.ticket_id, { contact: { ...row.contact, name } })
    queue.confirm(row.ticket_id)
  }
  current.peek()?.refresh()
  toast(t("The contact is now called {name}", { name }))
}

/** @param {string} title @param {string} placeholder @param {string} begun what stands there now @returns {Promise<string | null>} */
async function ask(title, placeholder, begun) {
  const typed = (/** @type {string} */ text) => ({ id: text.slice(0, 200), label: t("Call it “{text}”", { text }), icon: "pencil" })
  return pick({ title, placeholder, begun, options: [], typed })
}
