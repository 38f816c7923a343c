// Which tickets this agent has read here, and when: the server tells of a ticket only that its contact wrote last.

import { remember, remembered } from "../server/storage.js"

const MOST = 500

export class ReadMarks {
  /** @param {string} owner the agent's id */
  constructor(owner) {
    this._key = `helpdesk.read.${owner}`
    /** Milliseconds by ticket, the latest read last. @type {Map<string, number>} */
    this._at = new Map(Object.entries(remembered(this._key) ?? {}))
  }

  /** @param {string} ticket @param {string | null} said when its last message came */
  covers(ticket, said) {
    return said !== null && Date.parse(said) <= (this._at.get(ticket) ?? 0)
  }

  /** @param {string} ticket @param {number} at */
  add(ticket, at) {
    this._at.delete(ticket)
    this._at.set(ticket, at)
    if (this._at.size > MOST) this._at.delete(/** @type {string} */ (this._at.keys().next().value))
    remember(this._key, Object.fromEntries(this._at))
  }
}
