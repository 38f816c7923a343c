// The visitor's side of the chat, without a screen: tickets, threads, what waits, what is unread.

import { batch, computed, signal } from "../vendor/ui.js"
import { attachmentsOf, readdressed, stale } from "./attachments.js"
import { Connection } from "./connection.js"
import { OrderedEvents } from "./ordered_events.js"
import { Outbox, verdict } from "./outbox.js"
import { Tabs } from "./tabs.js"
import { statusAfter, unreadAfter, withEvents, withWaiting } from "./thread.js"

/** @import { Batch } from "./ordered_events.js" */
/** @import { Attachment } from "./outbox.js" */
/** @import { Keep } from "./storage.js" */
/** @import { Line } from "./thread.js" */
/**
 * @typedef {{ id: string, number?: number, subject?: string | null, status: string, public_version: number, unread?: number | boolean, seen?: number, rating?: number | null }} Ticket
 * @typedef {{
 *   inbox: { key: string, name: string, hours?: { always: boolean, time_zone: string, week: Record<string, string[][]> } | null, reply_time?: number | null, open: boolean, next_opening?: string | null,
 *     theme?: import("./theme.js").Theme | null, greeting?: string | null },
 *   contact: { name?: string | null, email?: string | null } | null, tickets: Ticket[],
 *   limits: { body: number, uploads: number, upload_bytes: number }, extras?: import("./features/features.js").Extras,
 * }} Session
 * @typedef {{ events: OrderedEvents, lines: import("../vendor/ui.js").Signal<Line[]>, loaded: import("../vendor/ui.js").Signal<boolean>, seen: import("../vendor/ui.js").Signal<number>, fresh: number }} Thread
 */

const WAKE_PATIENCE = 4_000
const TYPING_EVERY = 3_000
const TYPING_LASTS = 6_000
const FOLLOWED_AT_ONCE = 5
const FRESH = 120_000
export const OVER = new Set(["resolved", "closed", "merged"])

export class Chat {
  /** @param {string} inbox @param {Keep} storage @param {() => object} about page, language and identity of the visitor */
  constructor(inbox, storage, about) {
    this.storage = storage
    this.outbox = new Outbox(storage)
    this.status = signal(/** @type {import("./connection.js").Status} */ ("connecting"))
    this.session = signal(/** @type {Session | null} */ (null))
    this.tickets = signal(/** @type {Ticket[]} */ ([]))
    this.current = signal(/** @type {string | null} */ (null))
    this.waiting = signal(this.outbox.items())
    this.typing = signal(/** @type {{ ticket: string, name: string } | null} */ (null))
    this.visible = signal(false)
    this.readTo = signal(/** @type {Record<string, number>} */ (storage.get("read") ?? {}))
    /** @type {Map<string, Thread>} */
    this.threads = new Map()
    this.known = signal(0) // rises when a thread is added, since a Map cannot be watched
    this.sending = false
    this.lastTyped = 0
    this.draft = signal("")
    this.startedNew = false
    /** @type {Map<string, string>} pictures sent from this page, by the id of the file: shown from here, also offline */
    this.previews = new Map()
    /** @type {number | undefined} */
    this.patience = undefined
    /** @type {(name: string, detail?: any) => void} */
    this.happened = () => {}
    this.lines = computed(() => {
      const ticket = this.current.value
      this.known.value
      const lines = ticket ? (this.threads.get(ticket)?.lines.value ?? []) : []
      return withWaiting(lines, this.waiting.value.filter(item => item.ticket === ticket))
    })
    this.unread = computed(() => this.tickets.value.reduce((sum, ticket) => sum + this.unreadIn(ticket), 0))

    this.line = new Connection({
      inbox, storage, about,
      entered: session => { this.#entered(session); this.tabs.tell("session", session) },
      status: status => { this.#changed(status); this.tabs.tell("status", status) },
      received: (name, data) => { this.#received(name, data); this.tabs.tell(name, data) },
      cursor: ticket => this.threads.get(ticket)?.events.cursor ?? 0,
    })
    this.tabs = new Tabs(`helpdesk:${inbox}`, {
      lead: () => this.line.start(),
      follow: () => this.line.stop(),
      serve: (command, data) => this.#serve(command, data),
      welcome: () => {
        const session = this.session.value && { ...this.session.value, tickets: this.tickets.value }
        return [["session", session], ["status", this.status.value]]
      },
      heard: (name, data) => this.#heard(name, data),
    })
  }

  start() {
    this.tabs.join()
  }

  /** The page is put aside, or the chat is over for good. */
  stop() {
    this.tabs.leave()
    this.line.stop()
  }

  /** Device woke, network changed, somebody looks again: make sure that what is shown is the truth. */
  wake() {
    void this.tabs.ask("wake", null)
    this.patience = WAKE_PATIENCE // the socket may be half open after a sleep
    void this.#thread()?.events.catchUp().then(() => { this.patience = undefined; return this.freshen() })
    this.flush()
  }

  /** The device says that it has no network: what the socket believes is worth nothing. */
  cut() {
    this.line.cut()
  }

  /** @param {string} body @param {Attachment[]} uploads */
  send(body, uploads) {
    this.outbox.add({ ticket: this.current.value, body, uploads })
    this.lastTyped = 0
    this.#outboxChanged()
    this.happened("message:sent", { ticket: this.current.value })
    this.flush()
  }

  /** @param {string} clientId */
  retry(clientId) {
    this.outbox.retry(clientId)
    this.#outboxChanged()
    this.flush()
  }

  /** @param {string} clientId */
  discard(clientId) {
    this.outbox.remove(clientId)
    this.#outboxChanged()
  }

  flush() {
    void this.tabs.ask("flush", null)
  }

  typed() {
    const ticket = this.current.value
    if (!ticket || Date.now() - this.lastTyped < TYPING_EVERY) return
    this.lastTyped = Date.now()
    void this.tabs.ask("typing", { ticket, state: true })
  }

  /** What stands on the screen while somebody looks at it has been read. */
  markRead() {
    const ticket = this.current.value
    const thread = this.#thread()
    if (!ticket || !thread || !this.visible.value || document.hidden) return
    const upto = thread.events.cursor
    if (upto <= (this.readTo.value[ticket] ?? 0)) return
    const had = unreadAfter(thread.lines.value, this.readTo.value[ticket] ?? 0)
    this.#keepRead(ticket, upto)
    if (had) void this.tabs.ask("mark_read", { ticket, upto })
    this.tabs.tell("read", { ticket, upto })
  }

  /** The next message opens a new ticket. */
  startNew() {
    this.startedNew = true
    this.show(null)
  }

  /** @param {string | null} ticket */
  show(ticket) {
    this.current.value = ticket
    if (ticket) this.#open(ticket)
    this.line.follow(ticket)
  }

  /** Addresses of files live for an hour: before they end, or when a picture is missing, new ones are asked for. @param {boolean} [now] */
  async freshen(now = false) {
    const ticket = this.current.value
    const thread = this.#thread()
    if (!ticket || !thread || Date.now() < thread.fresh || !(now || stale(thread.lines.value, Date.now() + FRESH))) return
    thread.fresh = Date.now() + FRESH // also where clocks disagree
    const files = await attachmentsOf(question => this.tabs.ask("sync", { ticket, ...question }))
    thread.lines.value = readdressed(thread.lines.value, files)
  }

  /** @param {{ email: string, name?: string }} address */
  async leaveAddress(address) {
    const answer = await this.line.leaveAddress({ ...address, ticket: this.current.value ?? undefined })
    const session = this.session.value
    if (answer.ok && session) this.knows(address)
    if (answer.ok) this.tabs.tell("contact", address)
    return answer
  }

  /** Everything about this visitor is forgotten, in every tab. */
  logout() {
    this.tabs.tell("logout", null)
    this.#forget()
  }

  /** Somebody else, or somebody with a name now. */
  identify() {
    if (this.session.value || this.line.running) void this.tabs.ask("enter", null)
  }

  /** @param {Ticket} ticket */
  unreadIn(ticket) {
    this.known.value
    const read = this.readTo.value[ticket.id]
    const thread = this.threads.get(ticket.id)
    if (thread?.loaded.value) return unreadAfter(thread.lines.value, read ?? 0)
    return read !== undefined && read >= ticket.public_version ? 0 : Number(ticket.unread ?? 0)
  }

  /** @param {string} command @param {any} data @returns {Promise<import("./outbox.js").Answer>} */
  async #serve(command, data) {
    if (command === "flush") void this.#flush()
    else if (command === "typing") this.line.tell(command, data)
    else if (command === "enter") this.line.enter()
    else if (command === "wake") this.line.wake()
    else return this.line.ask(command, data, this.patience)
    return { ok: true }
  }

  /** @param {string} name @param {any} data */
  #heard(name, data) {
    if (name === "session" && data) this.#entered(data)
    else if (name === "status") this.#changed(data)
    else if (name === "outbox") this.waiting.value = this.outbox.items()
    else if (name === "read") this.#keepRead(data.ticket, data.upto)
    else if (name === "opened") this.#opened(data)
    else if (name === "confirmed") this.#confirmed(data)
    else if (name === "contact") this.knows(data)
    else if (name === "logout") this.#forget()
    else this.#received(name, data)
  }

  /** @param {Session} session */
  #entered(session) {
    batch(() => {
      this.session.value = session
      const kept = new Set(session.tickets.map(ticket => ticket.id))
      for (const id of this.threads.keys()) if (!kept.has(id)) this.threads.delete(id)
      for (const { id, seen = 0 } of session.tickets) this.#seen(id, seen)
      this.tickets.value = [...session.tickets].sort((a, b) => (b.number ?? 0) - (a.number ?? 0))
      const current = this.current.value
      if (current ? !kept.has(current) : !this.startedNew) {
        const alive = this.tickets.value.find(ticket => !OVER.has(ticket.status) || this.unreadIn(ticket))
        this.show(alive?.id ?? null)
      }
    })
  }

  /** @param {import("./connection.js").Status} status */
  #changed(status) {
    this.status.value = status
    if (status !== "online" && status !== "polling") return
    const alive = this.tickets.value.filter(ticket => !OVER.has(ticket.status) || this.unreadIn(ticket) || ticket.id === this.current.value)
    for (const ticket of alive.slice(0, FOLLOWED_AT_ONCE)) this.#open(ticket.id)
    this.flush()
  }

  /** @param {string} name @param {any} data */
  #received(name, data) {
    if (name === "events") this.threads.get(data.ticket)?.events.receive(/** @type {Batch} */ (data))
    if (name === "hint") this.threads.get(data.ticket)?.events.hint(data.head)
    if (name === "ephemeral" && data.who?.kind === "agent") this.#passing(data)
  }

  /** Typing and seen: nice at once, missed without harm. @param {any} data */
  #passing({ type, ticket, who, state, upto }) {
    if (type === "seen") this.#seen(ticket, upto)
    if (type !== "typing") return
    clearTimeout(this.typingEnds)
    this.typing.value = state === false ? null : { ticket, name: who.name ?? "" }
    this.typingEnds = setTimeout(() => { this.typing.value = null }, TYPING_LASTS)
  }

  /** @param {string} ticket @param {number} upto */
  #seen(ticket, upto) {
    const thread = this.threads.get(ticket)
    if (thread) thread.seen.value = Math.max(thread.seen.value, upto)
  }

  async #flush() {
    if (this.sending || !this.tabs.leading) return
    this.sending = true
    try {
      for (let item = this.outbox.next(); item && this.line.up; item = this.outbox.next()) {
        const { client_id, ticket, body } = item
        const uploads = item.uploads.map(file => file.id)
        const answer = await this.line.ask("send_message", { ticket, client_id, kind: "message", body, uploads })
        if (answer.limit && await this.line.prove(answer.limit)) continue
        const outcome = answer.limit ? "failed" : verdict(answer)
        if (outcome === "sent") this.#sent(item, answer)
        if (outcome === "failed") this.outbox.fail(client_id, answer.code ?? answer.error ?? "")
        if (/^(form|intro)/.test(answer.code)) this.line.enter() // the inbox asks for something first
        if (outcome === "new_ticket") this.outbox.move(ticket, null)
        if (outcome === "new_ticket" && !ticket) this.outbox.fail(client_id, answer.error ?? "refused")
        if (outcome === "enter") this.line.enter()
        this.#outboxChanged()
        if (outcome === "new_ticket" && ticket === this.current.value) this.show(null)
        if (outcome === "again" || outcome === "enter") {
          setTimeout(() => this.#flush(), answer.retry_ms ?? 2_000 + Math.random() * 2_000)
          break
        }
      }
    } finally {
      this.sending = false
    }
  }

  /** @param {import("./outbox.js").Waiting} item @param {import("./outbox.js").Answer} answer */
  #sent(item, answer) {
    const ticket = answer.ticket
    if (!item.ticket) {
      this.outbox.move(null, ticket)
      const opened = { ticket, clientId: item.client_id }
      this.tabs.tell("opened", opened)
      this.#opened(opened)
    }
    this.outbox.remove(item.client_id)
    const confirmed = { item: { ...item, ticket }, answer }
    this.tabs.tell("confirmed", confirmed)
    this.#confirmed(confirmed)
  }

  /** It has left the outbox; its line stays on the screen until its event has come. @param {{ item: import("./outbox.js").Waiting, answer: any }} confirmed */
  #confirmed({ item, answer }) {
    const thread = this.#open(answer.ticket)
    if (thread.lines.value.some(line => line.clientId === item.client_id)) return
    const [line] = withWaiting([], [item])
    batch(() => {
      thread.lines.value = [...thread.lines.value, { ...line, waiting: undefined, version: answer.version, at: answer.at ?? line.at }]
      this.waiting.value = this.outbox.items()
    })
  }

  /** @param {object} address */
  knows(address) {
    const session = this.session.value
    if (session) this.session.value = { ...session, contact: { ...session.contact, ...address } }
  }

  /** The first message has become a ticket. @param {{ ticket: string, clientId: string }} opened */
  #opened({ ticket, clientId }) {
    const mine = this.current.value === null && this.waiting.value.some(item => item.client_id === clientId)
    batch(() => {
      if (!this.tickets.value.some(known => known.id === ticket)) {
        this.tickets.value = [{ id: ticket, status: "open", public_version: 0 }, ...this.tickets.value]
        this.happened("conversation:started", { ticket })
      }
      this.waiting.value = this.outbox.items()
      if (mine) this.show(ticket)
    })
  }

  /** @param {string} id */
  #open(id) {
    let thread = this.threads.get(id)
    if (!thread) {
      thread = this.#newThread(id)
      this.threads.set(id, thread)
      this.known.value += 1
    }
    void thread.events.catchUp().then(current => {
      if (!current) return
      thread.loaded.value = true
      this.markRead()
    })
    return thread
  }

  /** @param {string} id @returns {Thread} */
  #newThread(id) {
    const lines = signal(/** @type {Line[]} */ ([]))
    const seen = signal(this.tickets.value.find(ticket => ticket.id === id)?.seen ?? 0)
    const events = new OrderedEvents({
      sync: question => /** @type {Promise<any>} */ (this.tabs.ask("sync", { ticket: id, ...question })),
      reset: () => { lines.value = [] },
      apply: fresh => batch(() => {
        const confirmed = new Set(fresh.map(event => event.client_id).filter(Boolean))
        lines.value = withEvents(lines.value.filter(line => !confirmed.has(line.clientId)), fresh)
        for (const item of this.waiting.value) if (confirmed.has(item.client_id)) this.outbox.remove(item.client_id)
        if (confirmed.size) this.waiting.value = this.outbox.items()
        this.#ticketChanged(id, fresh)
      }),
    })
    return { lines, seen, events, loaded: signal(false), fresh: 0 }
  }

  /** @param {string} id @param {import("./ordered_events.js").TicketEvent[]} fresh */
  #ticketChanged(id, fresh) {
    const before = this.tickets.value.find(ticket => ticket.id === id)
    this.tickets.value = this.tickets.value.map(ticket => ticket.id === id
      ? {
        ...ticket,
        status: statusAfter(ticket.status, fresh),
        subject: fresh.find(event => event.name === "TicketOpened")?.data.subject ?? ticket.subject,
      }
      : ticket)
    const loaded = this.threads.get(id)?.loaded.value
    const answers = loaded ? fresh.filter(event => event.name === "ReplySent") : []
    if (answers.length) {
      this.typing.value = null
      this.happened("message:received", { ticket: id, count: answers.length })
    }
    if (loaded && before && !OVER.has(before.status) && fresh.some(event => event.name === "TicketResolved")) {
      this.happened("conversation:resolved", { ticket: id })
    }
    queueMicrotask(() => this.markRead())
  }

  #thread() {
    return this.current.value ? this.threads.get(this.current.value) : undefined
  }

  /** @param {string} ticket @param {number} upto */
  #keepRead(ticket, upto) {
    this.readTo.value = { ...this.readTo.value, [ticket]: Math.max(upto, this.readTo.value[ticket] ?? 0) }
    this.storage.set("read", this.readTo.value)
  }

  #outboxChanged() {
    this.waiting.value = this.outbox.items()
    this.tabs.tell("outbox", null)
  }

  #forget() {
    this.stop()
    for (const key of this.storage.keys()) this.storage.drop(key)
    this.happened("logout")
    batch(() => {
      this.startedNew = false
      this.threads.clear()
      this.tickets.value = []
      this.waiting.value = []
      this.readTo.value = {}
      this.current.value = null
      this.session.value = null
    })
  }
}
