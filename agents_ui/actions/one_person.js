// Two contacts are one person: who else it may be, asked in a dialog that shows what moves, and taken back for a day.

import { dialog, pick, toast } from "../notices_store.js"
import { get, request } from "../server/http.js"
import { current, people } from "../stores.js"
import { t } from "../translation.js"
import { offerUndo, refused } from "./changes.js"

/** @import { Known, QueueRow, Ticket } from "../types.js" */
/** @import { Option } from "../notices_store.js" */

const FOUND_AT_ONCE = 20

/** What a contact is called. @param {{name: string | null, email?: string | null, phone?: string | null, identities?: Known["identities"]}} contact */
export function calledContact({ name, email, phone, identities = [] }) {
  return name || email || phone || identities.find(one => one.kind !== "external")?.value || t("Visitor")
}

/** Whoever it is the same as, sought by name, address or number. @param {Ticket | (QueueRow & {id: string})} ticket */
export async function findSamePerson({ contact }) {
  const chosen = await pick({
    title: t("Who is the same person as {name}?", { name: calledContact(contact) }), placeholder: t("Name, address or number"), options: [], unchosen: true,
    more: async (text, after) => {
      const { items, next } = await get("/api/v1/contacts", { q: text, limit: FOUND_AT_ONCE, after })
      return { options: items.filter((/** @type {Known} */ one) => one.id !== contact.id).map(option), next }
    },
  })
  if (chosen) offerMerge(contact.id, chosen)
}

/** @param {string} into who stays, unless the dialog is told otherwise @param {string} merged */
export function offerMerge(into, merged) {
  dialog.value = { name: "merge_contacts", props: { into, merged } }
}

/** @param {Known} into @param {Known} merged @returns {Promise<void>} rejects where it was refused */
export async function mergeContacts(into, merged) {
  await request("POST", `/api/v1/contacts/${into.id}/merge`, { from: merged.id })
  changed()
  const said = calledContact(into) === calledContact(merged) ? t("{name} is one contact now", { name: calledContact(into) })
    : t("{name} is {other} now", { name: calledContact(merged), other: calledContact(into) })
  offerUndo({ label: said, run: () => part(merged.id) }, into.id)
}

/** They are two people after all. @param {string} merged */
export async function part(merged) {
  try {
    await request("POST", `/api/v1/contacts/${merged}/unmerge`, {})
    toast(t("Two contacts again"))
  } catch (error) {
    refused(error)
  }
  changed()
}

function changed() {
  people.value++
  current.peek()?.refresh()
}

/** @param {Known} contact @returns {Option} */
function option(contact) {
  const known = contact.identities.filter(one => one.kind !== "external").map(one => one.value)
  return { id: contact.id, label: calledContact(contact), hint: known.filter(one => one !== calledContact(contact)).join(", "), icon: "user" }
}
