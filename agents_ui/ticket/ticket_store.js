// The ticket on screen: its fields, its events in order, who else looks at it, and earlier pages on demand.

import { batch, computed, signal } from "../../vendor/ui.js"
import { OrderedEvents } from "./ordered_events.js"
import { timeline } from "./timeline.js"

/** @import { Actor, Packet, Page, QueueRow, Ticket, TicketEvent } from "../types.js" */
/** @typedef {{loadTicket(id: string): Promise<Ticket>, sync(id: string, after: number, limit: number, epoch: string | null): Promise<Page>}} Source */
/** @typedef {{at: number, who: Actor, state: string}} Presence */

const FIRST_PAGE = 50
const EARLIER_PAGE = 100

/** Events that say nothing the ticket's own fields would not: no need to ask for them again. */
const ONLY_SAID = new Set(["MessageReceived", "UnverifiedMessageReceived", "ReplySent", "NoteAdded", "DeliveryHandedOver", "DeliveryFailed", "DeliveryWaiting", "DeliveryReported"])

export class TicketStore {
  /**
   * @param {string} id
   * @param {object} options
   * @param {Source} options.source
   * @param {QueueRow} [options.row] what the list knows already, drawn while the rest loads
   * @param {(events: TicketEvent[]) => void} [options.arrived]
   * @param {(run: () => void, ms: number) => unknown} [options.later]
   */
  constructor(id, { source, row, arrived = () => {}, later }) {
    this.id = id
    this.fields = signal(/** @type {Ticket | null} */ (null))
    this.row = row
    this.state = signal(/** @type {"loading" | "ready" | "missing" | "failed"} */ ("loading"))
    this.events = signal(/** @type {TicketEvent[]} */ ([]))
    this.items = computed(() => timeline(this.events.value))
    this.overlay = signal(/** @type {Partial<Ticket>} */ ({}))
    this.ticket = computed(() => this.fields.value && withoutSent({ ...this.fields.value, ...this.overlay.value }, this.events.value))
    this.first = signal(1) // the lowest version here
    this.loadingEarlier = signal(false)
    this.presence = signal(/** @type {Map<string, Presence>} */ (new Map()))
    this.seenUpto = signal(0)
    /** @type {OrderedEvents | null} */
    this.ordered = null
    this._source = source
    this._arrived = arrived
    this._later = later ?? ((run, ms) => setTimeout(run, ms))
    this._refreshing = false
    this._closed = false
  }

  async open() {
    this.state.value = this.fields.value ? "ready" : "loading"
    try {
      const ticket = await this._source.loadTicket(this.id)
      if (this._closed) return
      await this._follow(ticket)
    } catch (error) {
      if (this._closed || this.state.value === "ready") return
      const status = /** @type {{status?: number}} */ (error).status
      this.state.value = status === 404 || status === 403 ? "missing" : "failed"
    }
  }

  /** The connection is back: ask for what was missed, and subscribe again. */
  catchUp() {
    if (this.ordered && !this.ordered.stopped) {
      this.refresh()
      return this.ordered.catchUp().catch(() => {})
    }
    return this.open()
  }

  /** @param {Packet} packet */
  receive(packet) {
    this.ordered?.receive(packet)
  }

  async loadEarlier() {
    if (this.first.value <= 1 || this.loadingEarlier.value) return
    this.loadingEarlier.value = true
    const after = Math.max(0, this.first.value - 1 - EARLIER_PAGE)
    try {
      const page = await this._source.sync(this.id, after, this.first.value - 1 - after, this.ordered?.epoch ?? null)
      const earlier = page.events.filter(event => event.version < this.first.value)
      batch(() => {
        this.first.value = after + 1
        this.events.value = [...earlier, ...this.events.value]
      })
    } catch {
      // The button is still there.
    } finally {
      this.loadingEarlier.value = false
    }
  }

  /** Fields the events do not carry (due times, alerts) are asked for again, once for a burst. */
  refresh() {
    if (this._refreshing) return
    this._refreshing = true
    this._later(async () => {
      this._refreshing = false
      if (this._closed) return
      const fresh = await this._source.loadTicket(this.id).catch(() => null)
      if (fresh && !this._closed && fresh.version >= (this.fields.value?.version ?? 0)) this.fields.value = fresh
    }, 150)
  }

  /** @param {{type: string, who: Actor, state?: string | boolean, upto?: number}} signalled @param {number} now */
  hear(signalled, now) {
    if (signalled.type === "seen") {
      if (signalled.who.kind !== "agent") this.seenUpto.value = Math.max(this.seenUpto.value, signalled.upto ?? 0)
      return
    }
    const others = new Map(this.presence.value)
    const key = `${signalled.type} ${signalled.who.kind} ${signalled.who.id}`
    const gone = signalled.state === false || signalled.state === "idle"
    if (gone) others.delete(key)
    else others.set(key, { at: now, who: signalled.who, state: signalled.type })
    this.presence.value = others
  }

  close() {
    this._closed = true
    this.ordered?.stop()
  }

  /** @param {Ticket} ticket */
  async _follow(ticket) {
    const after = Math.max(0, ticket.version - FIRST_PAGE)
    const page = await this._source.sync(this.id, after, 200, null)
    if (this._closed) return
    const last = page.events.length ? page.events[page.events.length - 1].version : after
    this.ordered?.stop()
    this.ordered = new OrderedEvents({
      cursor: last,
      epoch: page.epoch,
      apply: events => this._apply(events),
      fetchAfter: cursor => this._source.sync(this.id, cursor, 200, page.epoch),
      restart: () => this.open(),
    })
    batch(() => {
      this.fields.value = ticket
      this.events.value = page.events
      this.first.value = after + 1
      this.state.value = "ready"
    })
    this._arrived(page.events)
    if (page.more) this.ordered.catchUp().catch(() => {})
  }

  /** @param {TicketEvent[]} events */
  _apply(events) {
    const spoken = new Set(events.filter(event => ONLY_SAID.has(event.name)).map(event => event.by?.id))
    const presence = new Map([...this.presence.value].filter(([, one]) => one.state !== "typing" || !spoken.has(one.who.id)))
    batch(() => {
      this.events.value = [...this.events.value, ...events]
      this.presence.value = presence
      if (this.fields.value) this.fields.value = events.reduce(changed, this.fields.value)
    })
    const held = Boolean(this.fields.value?.held_replies?.length) // an answer among the events may be one of them
    if (held || events.some(event => !ONLY_SAID.has(event.name))) this.refresh()
    this._arrived(events)
  }
}

/** What leaves carries the id it was held under: known as said, it is held no more. @param {Ticket} ticket @param {TicketEvent[]} events @returns {Ticket} */
export function withoutSent(ticket, events) {
  if (!ticket.held_replies?.length) return ticket
  const known = new Set(events.map(event => event.client_id))
  return { ...ticket, held_replies: ticket.held_replies.filter(one => !known.has(one.id)) }
}

/** What an event says about the ticket at once. @param {Ticket} ticket @param {TicketEvent} event @returns {Ticket} */
export function changed(ticket, event) {
  const next = { ...ticket, version: Math.max(ticket.version, event.version) }
  const data = event.data ?? {}
  switch (event.name) {
    case "TicketAssigned":
      return { ...next, assignee: data.assignee_id ? { id: data.assignee_id, name: data.assignee_name } : null }
    case "TeamChanged": return { ...next, team: data.team_id ? { id: data.team_id, name: data.team_name } : null }
    case "TicketPending": return { ...next, status: "pending" }
    case "TicketSnoozed": return { ...next, status: "snoozed", snoozed_until: data.until }
    case "TicketWoken":
    case "TicketOpenedAgain":
    case "TicketReopened": return { ...next, status: "open", snoozed_until: null }
    case "TicketResolved": return { ...next, status: "resolved", resolved_at: event.at }
    case "TicketClosed": return { ...next, status: "closed" }
    case "TicketMerged": return { ...next, status: "merged" }
    case "PriorityChanged":
      return { ...next, priority: data.priority, impact: data.impact ?? ticket.impact, urgency: data.urgency ?? ticket.urgency }
    case "TagsChanged": {
      const removed = new Set(data.removed ?? [])
      return { ...next, tags: [...new Set([...ticket.tags, ...(data.added ?? [])])].filter(tag => !removed.has(tag)) }
    }
    case "SubjectChanged": return { ...next, subject: data.subject }
    default: return next
  }
}
