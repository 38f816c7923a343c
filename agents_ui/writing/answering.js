// Mail of the open ticket: to whom an answer would go, what is held back, sent again, or goes on elsewhere.

import { signal } from "../../vendor/ui.js"
import { get, request } from "../server/http.js"
import { toast } from "../notices_store.js"
import { go } from "../route.js"
import { now } from "../server/server_time.js"
import { current, me } from "../stores.js"
import { t } from "../translation.js"

/** @import { Draft } from "./drafts.js" */
/** @import { Entry } from "../server/outbox.js" */
/** @import { Answering, HeldReply } from "../types.js" */

/** What was called back, for the composer of that ticket to go on with. */
export const calledBack = signal(/** @type {{ticket: string, draft: Draft} | null} */ (null))

/** @param {string} ticket @returns {Promise<Answering | null>} null where nobody could say */
export function proposal(ticket) {
  return get(`/api/v1/tickets/${ticket}/answering`).catch(() => null)
}

/** Where an entry of the outbox goes that leaves by mail; asked again it does nothing twice. @param {Entry} entry @returns {Promise<any>} */
export async function deliverByMail({ ticket, body, uploads, client_id, mail, then }) {
  if (!mail) return { ok: false, error: "bad_request" }
  const said = { body, client_id, uploads: uploads.map(one => one.id), ...mail.people, format: "markdown" }
  const headers = { "Idempotency-Key": client_id }
  try {
    const passed = mail.way === "forward" ? { message: mail.message, files: mail.files } : {}
    const held = await request("POST", `/api/v1/tickets/${ticket}/held_replies`, { ...said, ...passed, way: mail.way, then, tags: mail.tags, ...(mail.send_at ? { send_at: mail.send_at } : {}) }, { headers })
    if (then) offerBack(ticket, held.id)
    return { ok: true, ...held }
  } catch (error) {
    const { status = 0, code, message } = /** @type {any} */ (error)
    if (!status || status >= 500) throw error // nobody knows whether it arrived: tried again
    if (status === 401) return { ok: false, error: "unavailable", retry_ms: 5000 }
    if (status === 429) return { ok: false, error: "rate_limited" }
    return { ok: false, final: true, error: message || code } // asked again, the server would say the same
  }
}

/** The ticket is out of sight by now. @param {string} ticket @param {string} held */
function offerBack(ticket, held) {
  toast(t("It leaves in a few seconds, and the ticket is solved then"), { about: ticket, action: { label: t("Undo"), run: () => callBack(ticket, held) } })
}

/** @param {string} ticket @param {string} id */
export async function callBack(ticket, id) {
  try {
    const { body, mail, uploads, then, tags, passed_on } = await request("POST", `/api/v1/tickets/${ticket}/held_replies/${id}/call_back`, {})
    const people = mail.to ? { to: mail.to, cc: mail.cc ?? [], bcc: mail.bcc ?? [] } : null
    const after = tags.length || then === "resolved" ? { tags, resolves: then === "resolved" } : null
    calledBack.value = { ticket, draft: { kind: mail.way === "forward" ? "forward" : "message", body, uploads, people, after, forwards: passed_on } }
    go({ ticket })
  } catch (error) {
    toast(/** @type {any} */ (error).status === 409 ? t("Too late: it has left") : t("Not taken back: the server cannot be reached"), { tone: "danger" })
  }
  current.peek()?.refresh()
}

/** @param {string} ticket @param {string} id */
export async function sendNow(ticket, id) {
  await request("POST", `/api/v1/tickets/${ticket}/held_replies/${id}/send`, {}).catch(failed)
  current.peek()?.refresh()
}

/** @param {string} ticket @param {string} message */
export async function sendAgain(ticket, message) {
  const done = await request("POST", `/api/v1/tickets/${ticket}/messages/${message}/retry`, {}).catch(failed)
  if (done) toast(t("Sent again to {people}", { people: done.to.join(", ") }))
}

/** What `z` takes back first: an own answer that is about to leave. @returns {HeldReply | undefined} */
export function aboutToLeave() {
  const held = current.peek()?.ticket.peek()?.held_replies ?? []
  return held.find(one => one.agent.id === me.id && one.state === "waiting" && Date.parse(one.send_at) - now() < 30_000)
}

/** @param {any} error */
function failed(error) {
  toast(t("Not sent: {reason}", { reason: error?.status ? error.message : t("the server cannot be reached") }), { tone: "danger" })
}
