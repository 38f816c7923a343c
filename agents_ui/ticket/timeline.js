// A ticket's events as what a person reads: messages with their delivery, notes, calls, and what happened between.

import { dayKey } from "../translation.js"
import { received } from "./mail_facts.js"

/** @import { Actor, Attachment, TicketEvent } from "../types.js" */

/**
 * @typedef {object} Said
 * @property {"message" | "note" | "call"} kind
 * @property {string} id
 * @property {number} version
 * @property {number | null} publicVersion how the contact counts it, which is how they say "seen"
 * @property {string} at
 * @property {Actor} author
 * @property {boolean} ours said by an agent
 * @property {string} body
 * @property {string} quoted what a mail repeats of earlier ones
 * @property {Attachment[]} attachments
 * @property {string} [original] the address of the mail as its sender made it, where that is more than text
 * @property {string} [channel]
 * @property {boolean} [unverified] not on this ticket: the contact does not see it
 * @property {"accepted" | "split" | "blocked"} [decided] what an agent said to that
 * @property {string} [sender] the address a mail came from
 * @property {boolean} [folded] a mail nobody wrote
 * @property {import("./mail_facts.js").Received} [mail] kept as it came
 * @property {"handed_over" | "failed" | "again" | "waiting" | null} delivery
 * @property {string} [failure]
 * @property {string[]} [unreached] whom it did not get to
 * @property {boolean} [bounced] it was taken and came back
 * @property {{what: string, people: string, reason: string}} [report] what the other side said of it since
 * @property {boolean} [markdown]
 * @property {boolean} [rich] its HTML says more than its words
 * @property {boolean} [forward] a mail to somebody else
 * @property {import("../types.js").People} [people] of a mail of ours
 * @property {string} [forwardedBy] the agent who passed a customer's mail on: the contact is claimed, not proven
 * @property {any} [call]
 */
/** @typedef {{kind: "entry", id: string, version: number, at: string, event: TicketEvent}} Happened */
/** @typedef {Said | Happened} Item */

export const SAID = new Map([
  ["MessageReceived", "message"], ["UnverifiedMessageReceived", "message"], ["ReplySent", "message"], ["NoteAdded", "note"], ["MessageForwarded", "note"], ["CallLogged", "call"],
])

/** Too frequent to read: they show elsewhere, as a state. */
export const SILENT = new Set([
  "TargetStarted", "TargetPaused", "TargetResumed", "TargetMet", "DeliveryHandedOver", "DeliveryFailed", "DeliveryWaiting", "DeliveryReported", "TicketPending",
  "ReplyHeld", "ReplyCalledBack",
])

/** What an agent decides about an unverified sender, and where the event names the message. */
const DECIDED = new Map([
  ["SenderAccepted", /** @type {const} */ (["accepted", "accepted_message_id"])],
  ["MessageSplitOff", /** @type {const} */ (["split", "split_message_id"])],
  ["SenderBlocked", /** @type {const} */ (["blocked", "blocked_message_id"])],
])

/** @param {TicketEvent[]} events in version order @returns {Item[]} */
export function timeline(events) {
  /** @type {Item[]} */
  const items = []
  /** @type {Map<string, Said>} */
  const messages = new Map()
  for (const event of events) {
    const kind = /** @type {Said["kind"] | undefined} */ (SAID.get(event.name))
    if (kind) {
      const item = said(kind, event)
      const before = messages.get(item.id)
      if (before) { // an accepted sender's message: the same words, now seen by the contact as well
        before.unverified = item.unverified
        before.publicVersion = item.publicVersion
        continue
      }
      messages.set(item.id, item)
      items.push(item)
    } else if (event.name.startsWith("Delivery")) {
      deliver(messages.get(event.data.delivered_message_id ?? event.data.message_id), event)
    }
    if (!kind && !SILENT.has(event.name)) {
      decide(messages, event)
      if (event.name === "TicketEscalated") dropMove(items, event)
      if (rungWith(items[items.length - 1], event)) continue
      items.push({ kind: "entry", id: event.id, version: event.version, at: event.at, event })
    }
  }
  return items
}

/**
 * Items with a line between days, and consecutive messages of one author drawn together.
 * @param {Item[]} items
 * @returns {{item: Item, newDay: boolean, continued: boolean}[]}
 */
export function grouped(items) {
  return items.map((item, index) => {
    const before = items[index - 1]
    const newDay = !before || dayKey(before.at) !== dayKey(item.at)
    return { item, newDay, continued: !newDay && isContinued(before, item) }
  })
}

/** @param {Item | undefined} before @param {Item} item */
function isContinued(before, item) {
  if (!before || before.kind === "entry" || item.kind === "entry" || before.kind !== item.kind) return false
  if (before.unverified || item.unverified) return false
  const close = Date.parse(item.at) - Date.parse(before.at) < 5 * 60_000
  return close && before.author.kind === item.author.kind && before.author.id === item.author.id
}

/** @param {Said["kind"]} kind @param {TicketEvent} event @returns {Said} */
function said(kind, event) {
  const data = event.data
  const author = data.author ?? event.by
  return {
    kind,
    id: data.message_id ?? event.id,
    version: event.version,
    publicVersion: event.public_version ?? null,
    at: event.at,
    author,
    ours: author.kind === "agent" || author.kind === "system" || author.kind === "api_key",
    body: data.body ?? "",
    quoted: data.quoted ?? "",
    attachments: data.attachments ?? [],
    original: data.html_url,
    channel: data.channel,
    unverified: Boolean(data.unverified) || event.name === "UnverifiedMessageReceived",
    sender: data.mail?.sender || undefined,
    folded: Boolean(data.mail?.collapsed),
    mail: received(data.mail),
    markdown: data.mail?.format === "markdown",
    rich: Boolean(data.mail?.is_rich),
    forward: event.name === "MessageForwarded",
    people: data.mail?.format && data.mail.to ? { to: data.mail.to, cc: data.mail.cc ?? [], bcc: data.mail.bcc ?? [] } : undefined,
    forwardedBy: data.mail?.forwarded_by || undefined,
    delivery: null,
    call: kind === "call" ? data : undefined,
  }
}

/** @param {Said | undefined} message @param {TicketEvent} event */
function deliver(message, event) {
  if (!message) return // it stands on an earlier page
  if (event.name === "DeliveryFailed") {
    Object.assign(message, { delivery: "failed", failure: event.data.reason, unreached: event.data.to, bounced: Boolean(event.data.bounced) })
  } else if (event.name === "DeliveryReported") {
    message.report = { what: event.data.what, people: event.data.to.join(", "), reason: event.data.reason }
  } else if (event.name === "DeliveryRetried") Object.assign(message, { delivery: "again", failure: undefined, report: undefined })
  else if (event.name === "DeliveryWaiting") Object.assign(message, { delivery: "waiting", failure: undefined })
  else if (message.delivery !== "failed") Object.assign(message, { delivery: "handed_over", failure: undefined, report: undefined })
}

/** Whom a step rang at the same time stands in one line. @param {Item | undefined} before @param {TicketEvent} event */
function rungWith(before, event) {
  if (event.name !== "AlertNotified" || before?.kind !== "entry" || before.event.name !== event.name) return false
  const { data } = before.event
  if (data.method !== event.data.method || Math.abs(Date.parse(event.at) - Date.parse(before.at)) > 10_000) return false
  before.event = { ...before.event, data: { ...data, agent_name: `${data.agent_name}, ${event.data.agent_name}`, rung: (data.rung ?? 1) + 1 } }
  return true
}

/** Who handed it on and why says that it moved, too. @param {Item[]} items @param {TicketEvent} event */
function dropMove(items, event) {
  const moved = items.findLastIndex(item => item.kind === "entry" && item.event.name === "TeamChanged" && item.at === event.at && item.event.data.team_id === event.data.team_id)
  if (moved >= 0) items.splice(moved, 1)
}

/** @param {Map<string, Said>} messages @param {TicketEvent} event */
function decide(messages, event) {
  const [decided, field] = DECIDED.get(event.name) ?? []
  const message = field && messages.get(event.data[field])
  if (!message) return
  message.decided = decided
  if (decided === "accepted") message.unverified = false
}
