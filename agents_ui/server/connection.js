// The one line to the server: a socket that always comes back, and plain HTTP where sockets are blocked.

import { signal } from "../../vendor/ui.js"

/**
 * @typedef {"connecting" | "live" | "polling" | "offline" | "signed_out"} State
 * @typedef {{on(name: string, run: (data: any) => void): unknown, close(): unknown, removeAllListeners(): unknown,
 *   emit(name: string, data: unknown): unknown, timeout(ms: number): {emitWithAck(name: string, data: unknown): Promise<any>}}} Line
 */

const ANSWER_WITHIN = 8000
const PUSHED = ["events", "queue_rows", "ephemeral", "hint"]

/** Full jitter: random(0, min(30 s, 2ⁿ s)). @param {number} failures @param {() => number} random */
export function pause(failures, random) {
  return random() * Math.min(30_000, 1000 * 2 ** Math.min(failures, 5))
}

export class Connection {
  /**
   * @param {object} options
   * @param {() => Promise<string>} options.fetchPass
   * @param {(pass: string) => Line} options.openLine
   * @param {(command: string, data: any) => Promise<any>} options.askOverHttp
   * @param {(run: () => void, ms: number) => any} [options.later]
   * @param {() => number} [options.random]
   */
  constructor({ fetchPass, openLine, askOverHttp, later, random }) {
    this.state = signal(/** @type {State} */ ("connecting"))
    this._fetchPass = fetchPass
    this._openLine = openLine
    this._askOverHttp = askOverHttp
    this._later = later ?? ((run, ms) => setTimeout(run, ms))
    this._random = random ?? Math.random
    /** @type {Line | null} */
    this._line = null
    this._failures = 0
    this._failedUpgrades = 0
    this._silent = 0
    this._round = 0
    this._trying = false
    /** @type {Map<string, ((data: any) => void)[]>} */
    this._listeners = new Map()
  }

  /** @param {string} name @param {(data: any) => void} run */
  on(name, run) {
    this._listeners.set(name, [...(this._listeners.get(name) ?? []), run])
  }

  async connect() {
    if (this._trying || this.state.value === "live" || this.state.value === "signed_out") return
    this._trying = true
    this._round++ // a timer set before is void
    let pass
    try {
      pass = await this._fetchPass()
    } catch (error) {
      if (/** @type {{status?: number}} */ (error).status === 401) return this._signedOut()
      return this._failed({ upgrade: false, reachable: false })
    }
    this._follow(this._openLine(pass))
  }

  /** The machine woke, the window came to the front, the network is back: do not sit out the pause. */
  wake() {
    if (this.state.value !== "live") this.connect()
  }

  /** The machine has lost its network: nobody has to wait for a silent line to find out. */
  lost() {
    if (this.state.value === "live") this._failed({ upgrade: false, reachable: false })
  }

  /** @param {string} command @param {any} data @returns {Promise<any>} the acknowledgement; rejects when none came */
  async ask(command, data) {
    if (this.state.value !== "live" || !this._line) {
      if (this.state.value === "signed_out") throw new Error("signed_out")
      return this._askOverHttp(command, data)
    }
    const line = this._line
    try {
      const answer = await line.timeout(ANSWER_WITHIN).emitWithAck(command, data)
      this._silent = 0
      return answer
    } catch (error) {
      if (line === this._line && ++this._silent >= 2) this._failed({ upgrade: false, reachable: true })
      throw error
    }
  }

  /** Typing and presence: said once, lost without harm. @param {string} command @param {unknown} data */
  say(command, data) {
    if (this.state.value === "live") this._line?.emit(command, data)
  }

  /** HTTP answered, or did not, while there is no socket. @param {boolean} reachable */
  reachable(reachable) {
    if (this.state.value === "polling" && !reachable) this.state.value = "offline"
    else if (this.state.value === "offline" && reachable && this._mayPoll()) this.state.value = "polling"
  }

  /** @param {Line} line */
  _follow(line) {
    this._line = line
    const mine = (/** @type {(data: any) => void} */ run) => (/** @type {any} */ data) => {
      if (line === this._line) run(data)
    }
    line.on("connect", mine(() => {
      this._trying = false
      this._failures = this._failedUpgrades = this._silent = 0
      this.state.value = "live"
    }))
    line.on("connect_error", mine(error => {
      if (error?.message === "signed_out") return this._signedOut()
      this._failed({ upgrade: error?.type === "TransportError", reachable: true })
    }))
    line.on("disconnect", mine(() => this._failed({ upgrade: false, reachable: true })))
    line.on("control", mine(control => this._control(control)))
    for (const name of PUSHED) line.on(name, mine(data => this._tell(name, data)))
  }

  /** @param {{type: string, after_ms?: number, jitter_ms?: number, code?: string}} control */
  _control(control) {
    if (control.type === "kick" && control.code === "signed_out") return this._signedOut()
    const wait = (control.after_ms ?? 0) + this._random() * (control.jitter_ms ?? 500)
    this._later(() => this._renew(), wait)
  }

  _renew() {
    if (this.state.value !== "live") return
    this._drop()
    this.state.value = "connecting"
    this.connect()
  }

  /** @param {{upgrade: boolean, reachable: boolean}} how */
  _failed({ upgrade, reachable }) {
    this._drop()
    this._failures++
    if (upgrade) this._failedUpgrades++
    this.state.value = reachable && this._mayPoll() ? "polling" : "offline"
    const round = ++this._round
    this._later(() => round === this._round && this.connect(), pause(this._failures, this._random))
  }

  _mayPoll() {
    return this._failedUpgrades >= 2 || this._failures >= 5
  }

  _signedOut() {
    this._drop()
    this.state.value = "signed_out"
  }

  _drop() {
    const line = this._line
    this._line = null
    this._trying = false
    line?.removeAllListeners()
    line?.close()
  }

  /** @param {string} name @param {any} data */
  _tell(name, data) {
    for (const run of this._listeners.get(name) ?? []) run(data)
  }
}
