// Everything an agent can do: shown at once, said to the server, taken back with a word when it refuses.

import { signal } from "../../vendor/ui.js"
import { aboutToLeave, callBack, deliverByMail } from "../writing/answering.js"
import { request } from "../server/http.js"
import { cannotUndo, canUndo, dismiss, takeUndo, toast } from "../notices_store.js"
import { Outbox } from "../server/outbox.js"
import { go } from "../route.js"
import { storage } from "../server/storage.js"
import { wentAhead } from "../queue/passed_over.js"
import { now } from "../server/server_time.js"
import { acknowledging, agents, alerts, connection, current, me, overload, queue, teams } from "../stores.js"
import { t } from "../translation.js"

/** @import { Undo } from "../notices_store.js" */
/** @import { Named, QueueRow, Ticket, TicketChange } from "../types.js" */

export const outboxRevision = signal(0)

export const outbox = new Outbox({
  storage,
  owner: me.id,
  deliver: entry => entry.mail ? deliverByMail(entry) : connection.ask("send_message", {
    ticket: entry.ticket, client_id: entry.client_id, kind: entry.kind, body: entry.body,
    uploads: entry.uploads.map(one => one.id),
  }),
  changed: () => { outboxRevision.value++ },
  delivered({ ticket, number, then, back, tags, mail }) {
    const more = tags ? { tags: [...new Set([...tagsOf(ticket), ...tags])] } : {}
    if (then && !mail) change(ticket, { ...more, status: then }, { said: number ? t("Sent; #{number} is resolved", { number }) : undefined, back: back && { status: back }, left: true })
    else if (tags) change(ticket, more)
  },
})

/** As far as they are in sight. @param {string} id */
function tagsOf(id) {
  const open = current.peek()
  return (open?.id === id ? open.ticket.peek()?.tags : queue.row(id)?.tags) ?? []
}

/**
 * Shown at once, taken back with a word when the server refuses.
 * @param {string} id
 * @param {TicketChange} set
 * @param {{said?: string, back?: TicketChange, left?: boolean}} [options] what to say, the change that undoes it, whether undoing opens the ticket again
 */
export async function change(id, set, { said, back, left = current.peek()?.id === id } = {}) {
  const shown = shownAs(set)
  queue.overlay(id, shown)
  const store = current.peek()?.id === id ? current.peek() : null
  if (store) store.overlay.value = { ...store.overlay.value, ...shown }
  const undo = back && said ? { label: said, run: () => takeBack(id, set, back, left) } : undefined
  const shownToast = said ? undo ? offerUndo(undo, id) : toast(said, { about: id }) : 0
  const answer = await persist("change_ticket", { ticket: id, client_id: crypto.randomUUID(), set })
  if (store) {
    if (answer.ok && store.fields.peek()) store.fields.value = /** @type {Ticket} */ ({ ...store.fields.peek(), ...shown })
    store.overlay.value = {}
    store.refresh()
  }
  if (answer.ok) return queue.confirm(id)
  queue.overlay(id, null)
  dismiss(shownToast)
  if (undo) cannotUndo(undo)
  toast(t("Not changed: {reason}", { reason: reasonOf(answer.error, answer.detail) }), { tone: "danger" })
}

/** @param {string} id @param {TicketChange} set @param {TicketChange} back @param {boolean} left */
async function takeBack(id, set, back, left) {
  if (left) go({ ticket: id })
  // The contact is told of solved and of open again: the way back from solved leads through open.
  if (set.status === "resolved" && back.status !== "open") await change(id, { status: "open" })
  change(id, back, { said: t("Undone") })
}

/** @param {Undo} step @param {string} id the ticket */
export function offerUndo(step, id) {
  const run = () => {
    cannotUndo(step)
    step.run()
  }
  step.toast = toast(step.label, { about: id, action: { label: t("Undo"), key: "Z", run } })
  canUndo(step)
  return step.toast
}

export function undoLast() {
  const held = aboutToLeave()
  if (held) return void callBack(/** @type {string} */ (current.peek()?.id), held.id)
  const step = takeUndo()
  if (step) step.run()
  else toast(t("Nothing to undo"))
}

let claiming = false
export async function claimNext() {
  if (claiming) return
  claiming = true
  const [before, isOverloaded] = [queue.all(), overload.peek().on]
  const answer = await persist("claim_next", { client_id: crypto.randomUUID() }).finally(() => { claiming = false })
  if (answer.ok && answer.ticket) {
    const id = typeof answer.ticket === "string" ? answer.ticket : answer.ticket.id
    go({ ticket: id })
    const number = answer.number ?? answer.ticket.number ?? queue.row(id)?.number
    const yours = number ? t("#{number} is yours", { number }) : t("The ticket is yours")
    const isAhead = isOverloaded && wentAhead(id, before, queue.outOfReach.peek(), now())
    const said = isAhead ? `${yours}: ${t("taken first, because it can still be met")}` : yours
    offerUndo({ label: said, run: () => change(id, { assignee_id: null }, { said: t("Back in the queue") }) }, id)
  } else if (answer.ok || answer.error === "empty") {
    toast(answer.full ? t("Your hands are full: finish something first") : t("The queue is empty. Well done."))
  } else {
    toast(t("Not taken: {reason}", { reason: reasonOf(answer.error, answer.detail) }), { tone: "danger" })
  }
}

/** @param {string} alertId */
export async function acknowledge(alertId) {
  const before = alerts.value
  acknowledging.add(alertId)
  alerts.value = before.filter(one => one.id !== alertId)
  const answer = await persist("acknowledge_alert", { alert: alertId })
  if (answer.ok) toast(t("Acknowledged: the alert is yours"))
  else {
    acknowledging.delete(alertId)
    alerts.value = before
    toast(t("Not acknowledged: {reason}", { reason: reasonOf(answer.error, answer.detail) }), { tone: "danger" })
  }
  current.peek()?.refresh()
}

/** Goes on in another ticket; for a day it can be taken apart again. @param {{id: string, number: number}} merged @param {{id: string, number: number}} into */
export async function merge(merged, into) {
  try {
    await request("POST", `/api/v1/tickets/${merged.id}/merge`, { into: into.id })
  } catch (error) {
    return refused(error)
  }
  go({ ticket: into.id })
  const said = t("#{number} is part of #{into} now", { number: merged.number, into: into.number })
  offerUndo({ label: said, run: () => takeApart(merged.id) }, merged.id)
}

/** One message goes on as a ticket of its own. @param {{id: string, number: number}} ticket @param {string} message */
export async function split(ticket, message) {
  try {
    const made = await request("POST", `/api/v1/tickets/${ticket.id}/split`, { messages: [message] })
    go({ ticket: made.id })
    toast(t("Split from #{number}: this is #{new} now", { number: ticket.number, new: made.number }))
  } catch (error) {
    refused(error)
  }
}

/**
 * Another team goes on with it and reads why; undoing gives it back to the team and the agent who had it.
 * @param {Ticket | (QueueRow & {id: string})} ticket @param {Named} team @param {string} reason
 */
export async function transfer({ id, number, team: had, assignee }, team, reason) {
  try {
    await request("POST", `/api/v1/tickets/${id}/transfer`, { team_id: team.id, reason })
  } catch (error) {
    return refused(error)
  }
  current.peek()?.refresh()
  /** @type {TicketChange} */
  const back = { team_id: had?.id ?? null }
  if (assignee) back.assignee_id = assignee.id
  const said = t("#{number} is with {team} now", { number, team: team.name })
  offerUndo({ label: said, run: () => change(id, back, { said: t("Undone") }) }, id)
}

/** @param {string} id */
async function takeApart(id) {
  try {
    await request("POST", `/api/v1/tickets/${id}/unmerge`, {})
    toast(t("Apart again"))
    go({ ticket: id })
  } catch (error) {
    refused(error)
  }
}

/** Whoever has it, the next person is woken for it. @param {string} alertId */
export async function handOn(alertId) {
  try {
    await request("POST", `/api/v1/alerts/${alertId}/hand_on`, {})
    toast(t("The next person is woken"))
  } catch (error) {
    refused(error)
  }
  current.peek()?.refresh()
}

/**
 * What becomes of a message whose sender is not on the ticket; the events that follow show it.
 * @param {string} ticket @param {string} message @param {"accept" | "split" | "block"} verdict
 */
export async function decideSender(ticket, message, verdict) {
  try {
    const said = await request("POST", `/api/v1/tickets/${ticket}/messages/${message}/${verdict}`, {})
    if (verdict === "split" && said?.ticket) {
      const label = said.number ? t("It is now #{number}", { number: said.number }) : t("It has a ticket of its own now")
      toast(label, { action: { label: t("Open ticket"), run: () => go({ ticket: said.ticket }) } })
    }
  } catch (error) {
    refused(error)
  }
}

/** @param {any} error */
export function refused(error) {
  const code = error?.status ? error.code : "offline"
  toast(t("Not changed: {reason}", { reason: error?.status === 409 || error?.status === 422 ? error.message : reasonOf(code, error?.message) }), { tone: "danger" })
}

/** Once under one client_id. @param {any} call @returns {Promise<Ticket>} */
export function logCall(call) {
  return request("POST", "/api/v1/calls", call)
}

/** Asked again under the same client_id while the server says "later"; never rejects. @param {string} command @param {any} data */
async function persist(command, data) {
  for (let tries = 1; ; tries++) {
    const answer = await connection.ask(command, data).catch(() => ({ ok: false, error: "offline" }))
    const passing = ["unavailable", "rate_limited", "draining", "offline"].includes(answer.error ?? "")
    if (answer.ok || !passing || tries === 3) return answer
    await new Promise(resolve => setTimeout(resolve, answer.retry_ms ?? 700 * tries))
  }
}

/** @param {TicketChange} set @returns {Partial<Ticket> & Partial<QueueRow>} */
function shownAs({ assignee_id, team_id, snooze_until, ...same }) {
  /** @type {Partial<Ticket> & Partial<QueueRow>} */
  const shown = { ...same }
  if (assignee_id !== undefined) shown.assignee = assignee_id ? agentNamed(assignee_id) : null
  if (team_id !== undefined) shown.team = teams.peek().find(team => team.id === team_id) ?? null
  if (snooze_until) Object.assign(shown, { status: "snoozed", snoozed_until: snooze_until })
  return shown
}

/** @param {string} id @returns {Named} */
function agentNamed(id) {
  return agents.peek().find(agent => agent.id === id) ?? (id === me.id ? { id, name: me.name } : { id, name: "…" })
}

/** @param {string | undefined} error @param {string} [detail] */
export function reasonOf(error, detail) {
  switch (error) {
    case "offline":
    case "unavailable": return t("the server cannot be reached")
    case "forbidden": return t("you may not do this")
    case "not_found": return t("it is not there any more")
    case "conflict": return t("somebody else was quicker")
    case "too_large": return t("it is too long")
    case "closed": return t("the ticket is closed")
    case "rate_limited": return t("too many at once")
    case "unauthenticated": return t("your sign-in has ended")
    default: return detail || error || t("something went wrong")
  }
}

