// What the visitor wrote and the server has not confirmed: kept before the first try, sent in order, never twice.

/** @import { Keep } from "./storage.js" */
/**
 * @typedef {{ id: string, name: string, content_type: string, size: number, url?: string }} Attachment
 * @typedef {{ client_id: string, ticket: string | null, body: string, uploads: Attachment[], at: number, state: "waiting" | "failed", error?: string }} Waiting
 * @typedef {{ ok: boolean, error?: string, retry_ms?: number, [key: string]: any }} Answer
 */

const PREFIX = "out:"
const TRY_AGAIN = new Set(["unavailable", "rate_limited", "limit_reached", "draining", "timeout"])
const ENTER_AGAIN = new Set(["unauthenticated", "resync"])
const TICKET_IS_OVER = new Set(["closed", "not_found"])

export class Outbox {
  /** One key per message, so that two tabs writing at once lose nothing. @param {Keep} storage @param {() => string} [newId] @param {() => number} [now] */
  constructor(storage, newId = uuid, now = Date.now) {
    this.storage = storage
    this.newId = newId
    this.now = now
    this.last = 0
  }

  /** @param {{ ticket: string | null, body: string, uploads?: Attachment[] }} message @returns {Waiting} */
  add({ ticket, body, uploads = [] }) {
    this.last = Math.max(this.now(), this.last + 1)
    return this.#write({ client_id: this.newId(), ticket, body, uploads, at: this.last, state: "waiting" })
  }

  /** In the order of writing. @returns {Waiting[]} */
  items() {
    const keys = this.storage.keys().filter(key => key.startsWith(PREFIX))
    const items = keys.map(key => /** @type {Waiting | null} */ (this.storage.get(key)))
    return items.filter(item => item !== null).sort((a, b) => a.at - b.at)
  }

  next() {
    return this.items().find(item => item.state === "waiting")
  }

  /** @param {string} clientId */
  remove(clientId) {
    this.storage.drop(PREFIX + clientId)
  }

  /** @param {string} clientId @param {string} error */
  fail(clientId, error) {
    const item = this.storage.get(PREFIX + clientId)
    if (item) this.#write({ ...item, state: "failed", error })
  }

  /** A new try of a refused message is a new message: the server may remember the old id for another text. @param {string} clientId */
  retry(clientId) {
    const item = this.storage.get(PREFIX + clientId)
    if (!item) return
    this.remove(clientId)
    this.#write({ ...item, client_id: this.newId(), state: "waiting", error: undefined })
  }

  /** The first message has opened a ticket; what was written meanwhile belongs to it too. @param {string | null} from @param {string | null} to */
  move(from, to) {
    for (const item of this.items()) if (item.ticket === from) this.#write({ ...item, ticket: to })
  }

  clear() {
    for (const item of this.items()) this.remove(item.client_id)
  }

  /** @param {Waiting} item */
  #write(item) {
    this.storage.set(PREFIX + item.client_id, item)
    return item
  }
}

/** What an answer to `send_message` means for the message. @param {Answer} answer @returns {"sent" | "again" | "enter" | "new_ticket" | "failed"} */
export function verdict(answer) {
  if (answer.ok) return "sent"
  const error = answer.error ?? ""
  if (TRY_AGAIN.has(error)) return "again"
  if (ENTER_AGAIN.has(error)) return "enter"
  return TICKET_IS_OVER.has(error) ? "new_ticket" : "failed"
}

/** `crypto.randomUUID` is missing on pages without TLS. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = [...bytes].map(byte => byte.toString(16).padStart(2, "0")).join("")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}
