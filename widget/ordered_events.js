// One ticket's events, applied once each and in order; a gap, a hint or a restored database is healed by `sync`.

/**
 * @typedef {{ kind: string, id?: string | null, name?: string | null, picture?: string }} Author
 * @typedef {{ version: number, name: string, id?: string, by?: Author, at: string, client_id?: string | null, data: any }} TicketEvent
 * @typedef {{ ticket: string, epoch: string, prev: number, events: TicketEvent[] }} Batch
 * @typedef {{ ok: boolean, error?: string, epoch?: string, events?: TicketEvent[], head?: number, more?: boolean }} SyncAnswer
 * @typedef {{
 *   apply: (events: TicketEvent[]) => void,
 *   reset: () => void,
 *   sync: (question: { epoch?: string, after: number, limit: number }) => Promise<SyncAnswer>,
 * }} Handlers
 */

const PAGE = 200

export class OrderedEvents {
  /** @param {Handlers} handlers `reset` forgets everything applied so far */
  constructor(handlers) {
    this.handlers = handlers
    this.cursor = 0
    /** @type {string | undefined} */
    this.epoch = undefined
    /** @type {Promise<boolean> | null} */
    this.running = null
    this.again = false
  }

  /** What the server pushed. Nothing is applied past a gap. @param {Batch} batch */
  receive(batch) {
    const last = batch.events.at(-1)
    if (!last) return
    if (this.epoch && batch.epoch !== this.epoch) return void this.catchUp()
    if (last.version <= this.cursor) return
    if (batch.prev > this.cursor || this.running) return void this.catchUp()
    this.epoch = batch.epoch
    this.#apply(batch.events)
  }

  /** "Call sync": sent instead of events when there were too many. @param {number} head */
  hint(head) {
    if (head > this.cursor) this.catchUp()
  }

  /** Resolves to whether everything is here now; a call while one runs makes that one look again. */
  catchUp() {
    this.again = true
    this.running ??= this.#run().finally(() => { this.running = null })
    return this.running
  }

  async #run() {
    let current = true
    while (this.again && current) {
      this.again = false
      current = await this.#follow()
    }
    return current
  }

  async #follow() {
    for (;;) {
      const answer = await this.handlers.sync({ epoch: this.epoch, after: this.cursor, limit: PAGE })
      if (answer.error === "resync") {
        if (!this.epoch && !this.cursor) return false
        this.#forget()
        continue
      }
      if (!answer.ok || !answer.events) return false
      if (this.epoch && answer.epoch && answer.epoch !== this.epoch && this.cursor) {
        this.#forget()
        continue
      }
      this.epoch = answer.epoch ?? this.epoch
      this.#apply(answer.events)
      if (!answer.more) return true
      if (!answer.events.length) return false
    }
  }

  #forget() {
    this.cursor = 0
    this.epoch = undefined
    this.handlers.reset()
  }

  /** @param {TicketEvent[]} events */
  #apply(events) {
    const fresh = events.filter(event => event.version > this.cursor)
    if (!fresh.length) return
    this.cursor = fresh[fresh.length - 1].version
    this.handlers.apply(fresh)
  }
}
