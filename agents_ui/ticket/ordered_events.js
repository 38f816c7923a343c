// One ticket's events in their one order: each applied once, a gap fetched before anything after it.

/** @import { Packet, Page, TicketEvent } from "../types.js" */

export class OrderedEvents {
  /**
   * @param {object} options
   * @param {number} [options.cursor] the last version already applied
   * @param {string | null} [options.epoch] which life of the database the cursor belongs to
   * @param {(events: TicketEvent[]) => void} options.apply
   * @param {(after: number) => Promise<Page>} options.fetchAfter
   * @param {() => void} options.restart the epoch is another one: everything known must be loaded anew
   */
  constructor({ cursor = 0, epoch = null, apply, fetchAfter, restart }) {
    this.cursor = cursor
    this.epoch = epoch
    this.behind = false
    this.stopped = false
    this._apply = apply
    this._fetchAfter = fetchAfter
    this._restart = restart
    /** @type {Promise<void> | null} */
    this._fetching = null
  }

  /** @param {Pick<Packet, "epoch" | "prev" | "events">} packet as the server pushed it */
  receive({ epoch, prev, events }) {
    if (this.stopped || this._isAnotherEpoch(epoch)) return
    if (prev > this.cursor) return void this.catchUp().catch(() => {})
    this._takeInOrder(events)
  }

  /** The server says there is more than it could push. @param {number} head */
  hint(head) {
    if (head > this.cursor) this.catchUp().catch(() => {})
  }

  /** Fetches until nothing is missing; callers in between share the one run. @returns {Promise<void>} */
  catchUp() {
    this.behind = true
    this._fetching ??= this._fetchAll().finally(() => { this._fetching = null })
    return this._fetching
  }

  stop() {
    this.stopped = true
  }

  async _fetchAll() {
    while (this.behind && !this.stopped) {
      this.behind = false
      const before = this.cursor
      const page = await this._fetchAfter(before)
      if (this.stopped || this._isAnotherEpoch(page.epoch)) return
      this._takeInOrder(page.events)
      const moved = this.cursor > before
      if (moved && (page.more || page.head > this.cursor)) this.behind = true
      if (!moved) this.behind = false // the server has nothing newer, whatever asked for this run
    }
  }

  /** @param {TicketEvent[]} events */
  _takeInOrder(events) {
    const fresh = []
    for (const event of events) {
      if (event.version <= this.cursor) continue
      if (event.version !== this.cursor + 1) {
        if (fresh.length) this._apply(fresh)
        if (this._fetching) this.behind = true
        else this.catchUp().catch(() => {})
        return
      }
      this.cursor = event.version
      fresh.push(event)
    }
    if (fresh.length) this._apply(fresh)
  }

  /** @param {string | null | undefined} epoch */
  _isAnotherEpoch(epoch) {
    if (!epoch) return false
    this.epoch ??= epoch
    if (epoch === this.epoch) return false
    this.stop()
    this._restart()
    return true
  }
}
