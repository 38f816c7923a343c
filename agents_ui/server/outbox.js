// What the agent has written and the server has not yet acknowledged: stored before the first try, sent in order.

/** @import { Attachment, MailWay, Status } from "../types.js" */

/**
 * @typedef {object} Entry
 * @property {string} client_id
 * @property {string} ticket
 * @property {"message" | "note"} kind
 * @property {string} body
 * @property {Attachment[]} uploads
 * @property {string} at
 * @property {number} order
 * @property {"sending" | "sent" | "failed"} state
 * @property {string} [error]
 * @property {Status} [then] the status to set once it is sent
 * @property {Status} [back] the status that undoing `then` leads back to
 * @property {string[]} [tags] that the ticket is to have once it is sent; those of a mail stand in `mail`
 * @property {number} [number] the ticket's, to say so
 * @property {MailWay} [mail] set where it leaves by mail; `then` and its tags follow at the server once it has left
 */

/** @typedef {{ok: boolean, error?: string, final?: boolean, retry_ms?: number, version?: number}} Ack */

const PERMANENT = new Set([
  "bad_request", "forbidden", "not_found", "client_id_reused", "conflict", "too_large", "closed", "upgrade",
])

/** Milliseconds that the tab in which it was written has to send it alone. */
const TURN_OF_ITS_WRITER = 3000

/** @param {string} stored @returns {Entry | null} nothing for half a write from a crash: it cannot be trusted */
function read(stored) {
  try {
    return JSON.parse(stored)
  } catch {
    return null
  }
}

export class Outbox {
  /**
   * @param {object} options
   * @param {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} options.storage
   * @param {string} options.owner whose outbox it is: another agent on the same browser has another
   * @param {(entry: Entry) => Promise<Ack>} options.deliver rejects when it cannot know whether it arrived
   * @param {() => void} options.changed
   * @param {(entry: Entry, ack: Ack) => void} [options.delivered]
   * @param {() => string} [options.makeId]
   * @param {() => Date} [options.now]
   * @param {(run: () => void, ms: number) => unknown} [options.later]
   */
  constructor({ storage, owner, deliver, changed, delivered = () => {}, makeId, now, later }) {
    this._storage = storage
    this._prefix = `helpdesk.outbox.${owner}.`
    this._deliver = deliver
    this._changed = changed
    this._delivered = delivered
    this._makeId = makeId ?? (() => crypto.randomUUID())
    this._now = now ?? (() => new Date())
    this._later = later ?? ((run, ms) => setTimeout(run, ms))
    /** @type {Map<string, Entry>} */
    this._entries = new Map()
    /** @type {Map<string, string>} per ticket the client_id of its one unacknowledged send */
    this._flying = new Map()
    /** @type {Set<string>} tickets that wait before the next try */
    this._resting = new Set()
    /** @type {Map<string, number>} */
    this._tries = new Map()
    /** @type {Set<string>} what another tab wrote and this one has not tried to send */
    this._foreign = new Set()
    this._restore()
  }

  /** @param {Pick<Entry, "ticket" | "kind" | "body" | "uploads" | "then" | "back" | "tags" | "number" | "mail">} written */
  add(written) {
    const last = Math.max(0, ...[...this._entries.values()].map(entry => entry.order))
    /** @type {Entry} */
    const entry = {
      ...written, client_id: this._makeId(), at: this._now().toISOString(), order: last + 1, state: "sending",
    }
    this._keep(entry)
    this._next(entry.ticket)
    return entry
  }

  /** @param {string} ticket */
  of(ticket) {
    return this._sorted().filter(entry => entry.ticket === ticket)
  }

  /** How many wait, over all tickets. */
  get waiting() {
    return this._sorted().filter(entry => entry.state === "sending").length
  }

  /** The connection is there (again): whatever waits may go now. */
  flush() {
    this._tries.clear()
    this._resting.clear()
    for (const ticket of new Set(this._sorted().map(entry => entry.ticket))) this._next(ticket)
  }

  /** Tried again under the same client_id, so that it cannot arrive twice. @param {string} clientId */
  retry(clientId) {
    const entry = this._entries.get(clientId)
    if (!entry || entry.state !== "failed") return
    // The server has taken this id for another text: only a new one can pass.
    const id = entry.error === "client_id_reused" ? this._makeId() : entry.client_id
    this._forget(entry)
    const again = { ...entry, client_id: id, state: /** @type {const} */ ("sending"), error: undefined }
    this._keep(again)
    this._next(entry.ticket)
  }

  /** @param {string} clientId */
  discard(clientId) {
    const entry = this._entries.get(clientId)
    if (!entry) return
    this._forget(entry)
    this._resting.delete(entry.ticket)
    this._changed()
    this._next(entry.ticket)
  }

  /** Its event has arrived, with or without the acknowledgement. @param {string | null | undefined} clientId */
  settle(clientId) {
    const entry = clientId ? this._entries.get(clientId) : undefined
    if (!entry) return
    const foreign = this._foreign.has(entry.client_id)
    this._forget(entry)
    this._landed(entry)
    this._resting.delete(entry.ticket)
    this._changed()
    if (entry.state !== "sent" && !foreign) this._delivered(entry, { ok: true })
    this._next(entry.ticket)
  }

  /** @param {string} ticket */
  _next(ticket) {
    if (this._flying.has(ticket) || this._resting.has(ticket)) return
    const entry = this.of(ticket).find(one => one.state === "sending")
    if (!entry) return
    this._flying.set(ticket, entry.client_id)
    this._foreign.delete(entry.client_id)
    this._deliver(entry).then(
      ack => this._answered(entry, ack),
      () => this._tryLater(entry),
    )
  }

  /** @param {Entry} entry @param {Ack} ack */
  _answered(entry, ack) {
    const current = this._entries.get(entry.client_id)
    if (!current || current.state !== "sending") return // its event was quicker
    if (!ack.ok && !ack.final && !PERMANENT.has(ack.error ?? "")) return this._tryLater(entry, ack.retry_ms)
    this._landed(entry)
    this._tries.delete(entry.client_id)
    if (ack.ok) {
      this._storage.removeItem(this._prefix + entry.client_id)
      this._entries.set(entry.client_id, { ...current, state: "sent" })
      this._delivered(entry, ack)
    } else {
      this._keep({ ...current, state: "failed", error: ack.error })
    }
    this._changed()
    this._next(entry.ticket)
  }

  /** @param {Entry} entry @param {number} [asked] */
  _tryLater(entry, asked) {
    this._landed(entry)
    if (!this._entries.has(entry.client_id)) return this._next(entry.ticket)
    this._resting.add(entry.ticket)
    const tries = (this._tries.get(entry.client_id) ?? 0) + 1
    this._tries.set(entry.client_id, tries)
    const pause = asked ?? Math.min(30_000, 1000 * 2 ** Math.min(tries - 1, 5))
    this._later(() => {
      if (this._tries.get(entry.client_id) !== tries) return // a flush was quicker
      this._resting.delete(entry.ticket)
      this._next(entry.ticket)
    }, pause)
  }

  /** @param {Entry} entry */
  _landed(entry) {
    if (this._flying.get(entry.ticket) === entry.client_id) this._flying.delete(entry.ticket)
  }

  /** @param {Entry} entry */
  _keep(entry) {
    try {
      this._storage.setItem(this._prefix + entry.client_id, JSON.stringify(entry))
    } catch {
      // No room or no storage at all: it still lives as long as this page does.
    }
    this._entries.set(entry.client_id, entry)
    this._changed()
  }

  /** @param {Entry} entry */
  _forget(entry) {
    this._storage.removeItem(this._prefix + entry.client_id)
    this._entries.delete(entry.client_id)
    this._tries.delete(entry.client_id)
    this._foreign.delete(entry.client_id)
  }

  /**
   * Another tab of this browser wrote, sent or dropped something: shown here too, and sent from here should
   * that tab be gone or cut off. The client_id keeps it from arriving twice.
   * @param {string | null} key @param {string | null} value as the storage has it now
   */
  overheard(key, value) {
    if (!key?.startsWith(this._prefix)) return
    const known = this._entries.get(key.slice(this._prefix.length))
    if (value === null) this._endedElsewhere(known)
    else if (known?.state !== "sent") this._adopt(value)
    this._changed()
  }

  /** @param {Entry | undefined} entry only what has failed can be dropped; anything else has arrived */
  _endedElsewhere(entry) {
    if (entry?.state === "failed") this._forget(entry)
    else if (entry && this._flying.get(entry.ticket) !== entry.client_id) this._entries.set(entry.client_id, { ...entry, state: "sent" })
  }

  /** @param {string} value */
  _adopt(value) {
    const entry = read(value)
    if (!entry) return
    if (!this._entries.has(entry.client_id)) this._foreign.add(entry.client_id)
    this._entries.set(entry.client_id, entry)
    this._later(() => this._next(entry.ticket), TURN_OF_ITS_WRITER)
  }

  _restore() {
    for (let index = 0; index < this._storage.length; index++) {
      const key = this._storage.key(index)
      if (!key?.startsWith(this._prefix)) continue
      const entry = read(this._storage.getItem(key) ?? "")
      if (entry) this._entries.set(entry.client_id, entry)
    }
  }

  _sorted() {
    return [...this._entries.values()].sort((a, b) => a.order - b.order || a.at.localeCompare(b.at))
  }
}
