// Who else the contact may be, quietly; and who was merged into them and can be taken apart again.

import { html, useEffect, useState } from "../../vendor/ui.js"
import { calledContact, offerMerge, part } from "../actions/one_person.js"
import { takesWork } from "../availability.js"
import { Icon } from "../icons.js"
import { get } from "../server/http.js"
import { people } from "../stores.js"
import { dayAndTime, t } from "../translation.js"
import { now } from "../server/server_time.js"

/** @import { Known } from "../types.js" */
/** @typedef {{contact: Known, likeness: "email" | "phone" | "company" | "domain", value: string}} Duplicate */
/** @typedef {{id: string, name: string, merged_by: string, undo_until: string}} Merged */

/** Without an answer the card stays away. @param {{contact: string}} props its id */
export function SamePerson({ contact }) {
  const [found, setFound] = useState(/** @type {{items: Duplicate[], merged: Merged[]}} */ ({ items: [], merged: [] }))
  const changes = people.value
  useEffect(() => { setFound({ items: [], merged: [] }) }, [contact])
  useEffect(() => {
    const stop = new AbortController()
    get(`/api/v1/contacts/${contact}/duplicates`, {}, stop.signal).then(setFound).catch(() => {})
    return () => stop.abort()
  }, [contact, changes])
  if (!takesWork) return null
  return html`${found.items.length > 0 && html`<section class="details-card"><h3>${t("Possible duplicates")}</h3><ul class="previous">
      ${found.items.map(one => html`<li key=${one.contact.id}><button type="button" class="link" onClick=${() => offerMerge(contact, one.contact.id)}>
        <${Icon} name="users" /><span class="same-person"><span>${calledContact(one.contact)}</span><span class="previous-time">${why(one)}</span></span></button></li>`)}</ul></section>`}
    ${found.merged.length > 0 && html`<section class="details-card"><h3>${t("Merged lately")}</h3><ul class="previous">
      ${found.merged.map(one => html`<li class="merged-person" key=${one.id}><span class="same-person"><span>${one.name || t("Visitor")}</span>
        <span class="previous-time">${t("by {name}; until {time}", { name: one.merged_by, time: dayAndTime(one.undo_until, now()) })}</span></span>
        <button type="button" class="button quiet" onClick=${() => part(one.id)} aria-label=${t("Undo the merge of {name}", { name: one.name || t("Visitor") })}>${t("Undo")}</button></li>`)}</ul></section>`}`
}

/** @param {Duplicate} one */
function why({ likeness, value }) {
  return {
    email: t("the same address, written {value}", { value }),
    phone: t("the same number, written {value}", { value }),
    company: t("the same name at {value}", { value }),
    domain: t("the same name at {value}", { value }),
  }[likeness]
}
