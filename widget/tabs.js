// Several tabs, one line to the server: the tab that holds the lock leads, the others ask through it.

/** @import { Answer } from "./outbox.js" */
/**
 * @typedef {{
 *   lead: () => void, follow: () => void, serve: (command: string, data: any) => Promise<Answer>,
 *   heard: (name: string, data: any) => void, welcome: () => [name: string, data: any][],
 * }} Duties
 */

const PATIENCE = 10_000
const GREETING = 3_000

export class Tabs {
  /** @param {string} name @param {Duties} duties */
  constructor(name, duties) {
    this.name = name
    this.duties = duties
    this.leading = false
    /** @type {BroadcastChannel | null} */
    this.channel = null
    /** @type {Map<string, (answer: Answer) => void>} */
    this.pending = new Map()
    /** @type {(() => void) | null} */
    this.release = null
  }

  join() {
    this.left = false
    try {
      if (!navigator.locks) throw new Error("not a secure page")
      this.channel = new BroadcastChannel(this.name)
      this.channel.onmessage = ({ data }) => this.#hear(data)
      this.#waitForTurn({})
      this.#post({ hello: true })
      this.greeting = setTimeout(() => this.#takeOver(), GREETING)
    } catch {
      this.#lead() // no locks or channels here: every tab speaks for itself
    }
  }

  /** Also what lets the browser keep the page for going back. */
  leave() {
    this.left = true
    clearTimeout(this.greeting)
    this.release?.()
    this.release = null
    this.channel?.close()
    this.channel = null
    this.#answerAll({ ok: false, error: "unavailable" })
    if (this.leading) this.#follow()
  }

  /** @param {string} command @param {any} data @returns {Promise<Answer>} */
  ask(command, data) {
    if (this.leading) return this.duties.serve(command, data)
    if (!this.channel) return Promise.resolve({ ok: false, error: "unavailable" })
    const id = `${Math.random()}`
    this.#post({ ask: id, command, data })
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.#answer(id, { ok: false, error: "unavailable" })
        this.#takeOver() // a frozen tab leads
      }, PATIENCE)
      this.pending.set(id, answer => { clearTimeout(timer); resolve(answer) })
    })
  }

  /** To the other tabs. @param {string} name @param {any} data */
  tell(name, data) {
    this.#post({ name, data })
  }

  /** @param {LockOptions} options */
  #waitForTurn(options) {
    navigator.locks.request(this.name, options, () => new Promise(resolve => {
      if (this.left) return resolve(undefined)
      this.release = () => resolve(undefined)
      this.#lead()
    })).catch(problem => {
      if (this.left) return
      if (problem?.name !== "AbortError") return this.#lead() // refused, as third-party storage may be
      this.#follow() // taken over by another tab
      this.#waitForTurn({})
    })
  }

  #takeOver() {
    if (!this.leading && !this.left) this.#waitForTurn({ steal: true })
  }

  #lead() {
    clearTimeout(this.greeting)
    if (this.leading) return
    this.leading = true
    this.#answerAll({ ok: false, error: "unavailable" })
    this.duties.lead()
    for (const [name, data] of this.duties.welcome()) this.tell(name, data)
  }

  #follow() {
    this.leading = false
    this.duties.follow()
  }

  /** @param {any} message */
  async #hear(message) {
    if (message.answer) return this.#answer(message.answer, message.data)
    if (message.name) {
      clearTimeout(this.greeting)
      return this.duties.heard(message.name, message.data)
    }
    if (!this.leading) return
    if (message.hello) for (const [name, data] of this.duties.welcome()) this.tell(name, data)
    if (message.ask) this.#post({ answer: message.ask, data: await this.duties.serve(message.command, message.data) })
  }

  /** @param {string} id @param {Answer} answer */
  #answer(id, answer) {
    this.pending.get(id)?.(answer)
    this.pending.delete(id)
  }

  /** @param {Answer} answer */
  #answerAll(answer) {
    for (const id of [...this.pending.keys()]) this.#answer(id, answer)
  }

  /** @param {any} message */
  #post(message) {
    this.channel?.postMessage(message)
  }
}
