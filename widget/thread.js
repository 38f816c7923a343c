// A ticket as the visitor reads it: events become lines, lines become groups with days and authors.

import { plain, unmarked } from "./text.js"

/** @import { Author, TicketEvent } from "./ordered_events.js" */
/** @import { Attachment, Waiting } from "./outbox.js" */
/**
 * @typedef {{
 *   kind: "message" | "notice", key: string, version: number, at: string, mine: boolean, author: Author, text: string,
 *   attachments: Attachment[], notice?: string, clientId?: string, waiting?: Waiting,
 * }} Line
 * @typedef {{ key: string, day?: Date, mine: boolean, notice?: string, author: Author, lines: Line[] }} Group
 */

const NOBODY = { kind: "system" }
const NOTICES = new Set(["TicketResolved", "TicketReopened", "TicketClosed", "OnCallWoken", "CallbackRequested"])
const STATUS_AFTER = /** @type {Record<string, string>} */ ({
  TicketResolved: "resolved", TicketReopened: "open", TicketClosed: "closed",
})
const ONE_BREATH = 5 * 60_000
const STAYS = 15 * 60_000

/** Events added to what is shown; unknown ones show nothing. @param {Line[]} lines @param {TicketEvent[]} events @returns {Line[]} */
export function withEvents(lines, events) {
  return events.reduce((before, event) => {
    const line = lineOf(event)
    if (!line) return before
    // Solved and at once open again: it was taken back, and nobody needs to read of either.
    const takenBack = line.notice === "TicketReopened" && before[before.length - 1]?.notice === "TicketResolved"
    return takenBack ? before.slice(0, -1) : [...before, line]
  }, lines)
}

/** The agent who has just answered is there, whatever the opening hours say. @param {Line[]} lines @param {Date} now */
export function answering(lines, now) {
  const answer = lines.findLast(line => line.kind === "message" && !line.mine)
  return answer && now.getTime() - Date.parse(answer.at) < STAYS ? answer.author : null
}

/** The status after these events, or the one before. @param {string} status @param {TicketEvent[]} events */
export function statusAfter(status, events) {
  return events.reduce((before, event) => STATUS_AFTER[event.name] ?? before, status)
}

/** Sent lines first, then what waits, which a confirmed event replaces. @param {Line[]} lines @param {Waiting[]} waiting @returns {Line[]} */
export function withWaiting(lines, waiting) {
  const confirmed = new Set(lines.map(line => line.clientId))
  return [...lines, ...waiting.filter(item => !confirmed.has(item.client_id)).map(waitingLine)]
}

/** Lines of one author written in one breath stand together; every new day is named. @param {Line[]} lines @returns {Group[]} */
export function grouped(lines) {
  /** @type {Group[]} */
  const groups = []
  let day = ""
  for (const line of lines) {
    const at = new Date(line.at)
    const group = groups[groups.length - 1]
    const before = group?.lines[group.lines.length - 1]
    const sameDay = at.toDateString() === day
    if (before && sameDay && belongs(line, before)) {
      group.lines.push(line)
      continue
    }
    const { key, mine, notice, author } = line
    groups.push({ key, day: sameDay ? undefined : at, mine, notice, author, lines: [line] })
    day = at.toDateString()
  }
  return groups
}

/** How many answers came after the version the visitor has read. @param {Line[]} lines @param {number} read */
export function unreadAfter(lines, read) {
  return lines.filter(line => line.kind === "message" && !line.mine && line.version > read).length
}

/** @param {Line} line @param {Line} before */
function belongs(line, before) {
  return line.kind === "message" && before.kind === "message" && line.mine === before.mine &&
    (line.mine || (line.author.id === before.author.id && line.author.name === before.author.name)) && Date.parse(line.at) - Date.parse(before.at) < ONE_BREATH
}

/** @param {TicketEvent} event @returns {Line | null} */
function lineOf(event) {
  const base = { version: event.version, at: event.at, key: event.id ?? String(event.version), attachments: [], text: "" }
  if (NOTICES.has(event.name)) return { ...base, kind: "notice", mine: false, author: NOBODY, notice: event.name, text: event.data.at ?? "" }
  if (event.name !== "MessageReceived" && event.name !== "ReplySent") return null
  const { body = "", format, html, attachments, author, message_id } = event.data
  return {
    ...base,
    kind: "message",
    key: event.client_id ?? message_id ?? base.key,
    mine: event.name === "MessageReceived",
    author: author ?? event.by ?? NOBODY,
    text: html ? plain(body) : format ? unmarked(body) : body,
    attachments: attachments ?? [],
    clientId: event.client_id ?? undefined,
  }
}

/** @param {Waiting} item @returns {Line} */
function waitingLine(item) {
  return {
    kind: "message", key: item.client_id, version: Infinity, at: new Date(item.at).toISOString(), mine: true,
    author: NOBODY, text: item.body, attachments: item.uploads, clientId: item.client_id, waiting: item,
  }
}
