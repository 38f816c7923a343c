// The queue as it stands here: every row known, the view on screen, and an order that holds still under the pointer.

import { batch, computed, signal } from "../../vendor/ui.js"
import { stepped } from "./counts.js"
import { belongs, held, isNewer, order, VIEWS } from "./queue_order.js"
import { ReadMarks } from "./read_marks.js"

/** @import { Counts, OutOfReach, QueueRow, Scope, View } from "../types.js" */
/** @typedef {{ticket: string, version: number, row: QueueRow | null}} Change */

const CHANNELS = /** @type {const} */ (["chat", "email", "phone"])

export class QueueStore {
  /** @param {{me: string, frame?: (run: () => void, pause: number) => void, clock?: () => number}} options */
  constructor({ me, frame = nextFrame, clock = () => performance.now() }) {
    this.me = me
    this._reads = new ReadMarks(me)
    this.view = signal(/** @type {View} */ ("queue"))
    this.channel = signal(/** @type {Scope} */ (null))
    this.counts = signal(/** @type {Counts} */ ({}))
    /** By pool, why "Next" does not give this agent its tickets. @type {import("../../vendor/ui.js").Signal<Record<string, OutOfReach>>} */
    this.outOfReach = signal({})
    this.loading = signal(true)
    this.failed = signal(false)
    this.more = signal(/** @type {string | null} */ (null))
    this.held = signal(false)
    this.revision = signal(0)
    /** What the agent just did and the server has not confirmed. @type {Map<string, Partial<QueueRow>>} */
    this.overlays = new Map()
    /** @type {Map<string, {version: number, row: QueueRow | null, moment: number}>} */
    this._known = new Map()
    this._moment = 0
    /** @type {Change[]} */
    this._arrived = []
    this._flushing = false
    this._frame = frame
    this._clock = clock
    this._cost = 0
    /** @type {{key: string, ids: string[]}} */
    this._shown = { key: "", ids: [] }
    this.list = computed(() => this._arrange())
  }

  /** @param {string} id @returns {QueueRow | undefined} */
  row(id) {
    const row = this._known.get(id)?.row
    const overlay = this.overlays.get(id)
    return row && overlay ? { ...row, ...overlay } : row ?? undefined
  }

  /** Every row at hand, for the palette's search. */
  all() {
    return [...this._known.keys()].map(id => this.row(id)).filter(row => row !== undefined)
  }

  /** @param {View} view @param {Scope} [channel] */
  show(view, channel = null) {
    batch(() => {
      this.view.value = view
      this.channel.value = channel
      this.held.value = false
    })
  }

  /** A moment to hand to `snapshot`, taken before asking for it. */
  moment() {
    return this._moment
  }

  /**
   * The whole of a view: what stands here under it and is not in it any more has left it,
   * unless it came after the snapshot was asked for.
   * @param {View} view
   * @param {Scope} channel
   * @param {QueueRow[]} rows
   * @param {string | null} next more pages follow: absence then says nothing
   * @param {number} [askedAt]
   */
  snapshot(view, channel, rows, next, askedAt = this._moment) {
    const present = new Set(rows.map(row => row.ticket_id))
    if (!next) {
      for (const [id, known] of this._known) {
        const older = known.moment <= askedAt
        if (known.row && older && !present.has(id) && belongs(known.row, view, this.me, channel)) this._known.delete(id)
      }
    }
    for (const row of rows) this._take({ ticket: row.ticket_id, version: row.version, row })
    batch(() => {
      this.more.value = next
      this.loading.value = false
      this.failed.value = false
      this.revision.value++
    })
  }

  /**
   * Rows pushed by the server: drawn together, at most once a frame, and more seldom the longer it takes,
   * so that a flood of updates leaves room for the agent's own keys.
   * @param {Change[]} changes
   */
  receive(changes) {
    this._arrived.push(...changes)
    if (this._flushing) return
    this._flushing = true
    this._frame(() => {
      this._flushing = false
      const arrived = this._arrived
      this._arrived = []
      const before = this._clock()
      for (const change of arrived) this._take(change)
      this.revision.value++
      this._frame(() => { this._cost = this._clock() - before }, 0)
    }, Math.min(250, 3 * this._cost))
  }

  /** @param {string} id @param {Partial<QueueRow> | null} overlay null takes it away */
  overlay(id, overlay) {
    if (overlay) this.overlays.set(id, { ...this.overlays.get(id), ...overlay })
    else this.overlays.delete(id)
    this.revision.value++
  }

  /** Confirmed: it is part of the row until the server sends the row itself. @param {string} id */
  confirm(id) {
    const known = this._known.get(id)
    const overlay = this.overlays.get(id)
    this.overlays.delete(id)
    if (known?.row && overlay) this._count(known.row, known.row = { ...known.row, ...overlay })
    this.revision.value++
  }

  /** The agent has it before their eyes, also what its row does not tell yet. @param {string} id @param {number} at */
  markRead(id, at) {
    this._reads.add(id, at)
    const known = this._known.get(id)
    if (!known?.row?.unread) return
    known.row = { ...known.row, unread: false }
    this.revision.value++
  }

  /** The pill was pressed, or the pointer has gone: take the order as it should be. */
  release() {
    this.held.value = false
    this.revision.value++
  }

  /** @returns {{ids: string[], fresh: number, moved: boolean}} */
  _arrange() {
    this.revision.value
    const view = this.view.value
    const channel = this.channel.value
    const rows = this.all().filter(row => belongs(row, view, this.me, channel))
    const ids = rows.sort(order(view)).map(row => row.ticket_id)
    const key = `${view} ${channel}`
    if (this.held.value && this._shown.key === key) {
      const standing = held(this._shown.ids, ids)
      this._shown.ids = standing.ids
      return standing
    }
    this._shown = { key, ids }
    return { ids, fresh: 0, moved: false }
  }

  /** @param {Change} change */
  _take(change) {
    const known = this._known.get(change.ticket)
    if (!isNewer(known, change)) return
    // What is done is not among the live rows: that it is missing there says nothing new.
    if (!change.row && known?.row && belongs(known.row, "resolved", this.me)) return
    // A row that left while the list is held still stays readable until the list moves.
    const kept = this._read(change.row) ?? (this.held.value && known?.row ? { ...known.row, status: /** @type {const} */ ("merged") } : null)
    this._count(known?.row ?? null, change.row)
    this._known.set(change.ticket, { version: change.version, row: kept, moment: ++this._moment })
  }

  /** @param {QueueRow | null} row */
  _read(row) {
    return row?.unread && this._reads.covers(row.ticket_id, row.last_message_at) ? { ...row, unread: false } : row
  }

  /** The counts follow what is seen to move; the server's own numbers replace them now and then. @param {QueueRow | null} before @param {QueueRow | null} after */
  _count(before, after) {
    if (!before) return
    const counts = { ...this.counts.value }
    const step = (/** @type {string} */ name, /** @type {boolean} */ was, /** @type {boolean} */ is) => {
      if (was !== is && name in counts) counts[name] = stepped(counts[name], is ? 1 : -1)
    }
    for (const view of VIEWS) step(view, belongs(before, view, this.me), after !== null && belongs(after, view, this.me))
    for (const channel of CHANNELS) {
      step(channel, belongs(before, "queue", this.me, channel), after !== null && belongs(after, "queue", this.me, channel))
    }
    this.counts.value = counts
  }
}

/** @param {() => void} run @param {number} pause */
function nextFrame(run, pause) {
  if (pause > 16) setTimeout(() => requestAnimationFrame(run), pause - 16)
  else requestAnimationFrame(run)
}
