// The line to the server: a session, a socket with a single-use pass, and HTTP where sockets are blocked.

import { dial, NoSocket } from "./socket.js"

/** @import { Answer } from "./outbox.js" */
/** @import { Listeners, Socket } from "./socket.js" */
/** @import { Keep } from "./storage.js" */
/**
 * @typedef {"connecting" | "online" | "polling" | "offline" | "refused"} Status
 * @typedef {{
 *   inbox: string, storage: Keep,
 *   about: () => object, entered: (session: any) => void, status: (status: Status) => void,
 *   received: (name: string, data: any) => void, cursor: (ticket: string) => number,
 *   fetch?: typeof fetch, dial?: (pass: string, listeners: Listeners) => Promise<Socket>, random?: () => number,
 * }} Options
 */

const ACK = 8_000
const LONGEST_PAUSE = 30_000
const PASS_LIFE = 50_000
const SOCKET_AGAIN = 5 * 60_000
/** Commands that change nothing; by HTTP they are asked with GET. */
const QUESTIONS = new Set(["articles", "expectations"])

/** Reconnect after random(0, min(30 s, 2ⁿ s)), so that a restarted server is not met by everybody at once. @param {number} failures @param {() => number} [random] */
export function pause(failures, random = Math.random) {
  return random() * Math.min(LONGEST_PAUSE, 1000 * 2 ** failures)
}

class Refusal extends Error {
  /** @param {number} status @param {string} code @param {string} [limit] one that a proof of work helps against */
  constructor(status, code, limit) {
    super(code)
    this.status = status
    this.code = code
    this.limit = limit
  }
}

export class Connection {
  /** @param {Options} options */
  constructor(options) {
    this.options = options
    this.fetch = options.fetch ?? ((address, init) => fetch(address, init))
    this.dial = options.dial ?? dial
    this.running = false
    this.trying = false
    this.outdated = false
    this.failures = 0
    this.code = ""
    this.failedUpgrades = 0
    this.byHttp = false
    this.entered = false
    /** @type {Status} */
    this.status = "connecting"
    /** @type {Socket | null} */
    this.socket = null
    /** @type {{ pass: string, until: number } | null} */
    this.fresh = null
    /** @type {string | null} */
    this.followed = null
    /** @type {AbortController | null} */
    this.poll = null
  }

  get up() {
    return this.status === "online" || this.status === "polling"
  }

  start() {
    this.running = true
    this.#try()
  }

  stop() {
    this.running = false
    clearTimeout(this.timer)
    this.poll?.abort()
    this.#hangUp()
    this.#become("connecting")
  }

  /** Something says that the network may be back: try at once. */
  wake() {
    if (!this.running || this.up || this.status === "refused") return
    clearTimeout(this.timer)
    this.#try()
  }

  /** The device is offline: no need to wait for a timeout to see it. */
  cut() {
    if (this.running && this.up) this.#lost()
  }

  /** Who is asking has changed: a new session, over the same or another line. */
  enter() {
    this.entered = false
    this.fresh = null
    this.#hangUp()
    this.#become("connecting")
    clearTimeout(this.timer)
    if (this.trying) this.outdated = true // what is under way asks in the name of before
    else this.#try()
  }

  /** Long polling listens to one ticket at a time. @param {string | null} ticket */
  follow(ticket) {
    if (ticket === this.followed) return
    this.followed = ticket
    this.poll?.abort()
  }

  /** @param {string} command @param {any} data @param {number} [timeout] @returns {Promise<Answer>} */
  async ask(command, data, timeout = ACK) {
    if (this.status === "polling") return this.#askByHttp(command, data, timeout)
    const socket = this.socket
    if (!socket) return { ok: false, error: "unavailable" }
    const answer = await socket.ask(command, data, timeout)
    if (answer.error === "timeout" && socket === this.socket) this.#lost() // half open: the other side is gone and nobody told us
    return answer
  }

  /** Lossy: typing. @param {string} command @param {any} data */
  tell(command, data) {
    if (this.status === "polling") void this.#askByHttp(command, data, ACK)
    else this.socket?.tell(command, data)
  }

  async #try() {
    if (this.trying || !this.running) return
    this.trying = true
    try {
      const pass = await this.#pass()
      if (this.outdated) return
      if (this.byHttp) return await this.#poll()
      await this.#connect(pass)
      this.failures = 0
    } catch (problem) {
      this.failed(problem)
    } finally {
      this.trying = false
      if (this.outdated) this.#startOver()
    }
  }

  #startOver() {
    this.outdated = false
    this.enter()
  }

  async #pass() {
    if (!this.entered) await this.#enter()
    const fresh = this.fresh
    this.fresh = null
    if (fresh && Date.now() < fresh.until) return fresh.pass
    if (this.byHttp) return ""
    try {
      return (await this.#post("pass", {})).pass
    } catch (problem) {
      if (problem instanceof Refusal && problem.status === 401) this.entered = false
      throw problem
    }
  }

  async #enter() {
    const visitor_token = this.options.storage.get("token") ?? undefined
    const body = { inbox: this.options.inbox, visitor_token, ...this.options.about() }
    let session
    try {
      session = await this.#post("session", body)
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem
      const proven = problem.limit ? await this.prove(problem.limit) : false
      if (!proven && (problem.status !== 401 || problem.code === "identity_required" || !visitor_token)) throw problem
      if (!proven) this.options.storage.drop("token") // run out or revoked: a new visitor
      session = await this.#post("session", { ...body, visitor_token: proven ? visitor_token : undefined })
    }
    this.options.storage.set("token", session.visitor_token)
    this.fresh = { pass: session.pass, until: Date.now() + PASS_LIFE }
    this.entered = true
    this.options.entered(session)
  }

  /** @param {string} pass */
  async #connect(pass) {
    const socket = await this.dial(pass, {
      received: (name, data) => name === "control" ? this.#control(data) : this.options.received(name, data),
      closed: () => socket === this.socket && this.#lost(),
    })
    if (!this.running || this.outdated) return socket.close()
    this.socket = socket
    this.failedUpgrades = 0
    this.#become("online")
  }

  /** @param {any} order */
  #control(order) {
    if (order.type === "drain") {
      const wait = (order.after_ms ?? 0) + Math.random() * (order.jitter_ms ?? 0)
      const socket = this.socket
      setTimeout(() => socket === this.socket && this.#lost(), wait)
    }
    if (order.type === "reauthenticate") this.enter()
    if (order.type === "kick") this.failures += 3
  }

  #lost() {
    this.#hangUp()
    this.#become("connecting")
    this.#later()
  }

  /** @param {unknown} problem */
  failed(problem) {
    if (!this.running) return
    const code = problem instanceof Refusal ? problem.status : 0
    this.code = /** @type {any} */ (problem).code
    if (this.code === "identity_required" || (code >= 400 && code < 500 && ![401, 408, 429].includes(code))) return this.#become("refused")
    if (problem instanceof NoSocket && problem.message === "upgrade_failed") this.failedUpgrades += 1
    if (problem instanceof NoSocket && problem.message === "unauthenticated") this.entered = false
    this.failures += 1
    if (this.failedUpgrades >= 2 || (this.failedUpgrades && this.failures >= 5)) this.byHttp = true
    this.#become("offline")
    this.#later()
  }

  #later() {
    clearTimeout(this.timer)
    if (this.running) this.timer = setTimeout(() => this.#try(), pause(this.failures, this.options.random))
  }

  #hangUp() {
    this.socket?.close()
    this.socket = null
  }

  /** @param {Status} status */
  #become(status) {
    if (status === this.status) return
    this.status = status
    this.options.status(status)
  }

  async #poll() {
    const { listen } = await import("./polling.js") // few need it
    this.#become("polling")
    void listen(this)
    this.timer = setTimeout(() => { // perhaps another network by now
      this.byHttp = false
      this.failedUpgrades = 1
      this.poll?.abort()
      this.#become("connecting")
      this.#try()
    }, SOCKET_AGAIN)
  }

  /** @param {string} command @param {any} data @param {number} timeout @returns {Promise<Answer>} */
  async #askByHttp(command, data, timeout) {
    try {
      const asked = QUESTIONS.has(command) ? this.http(`${command}?${new URLSearchParams(data)}`, {}, timeout) : this.#post(command, data, timeout)
      return { ok: true, ...(await asked) }
    } catch (problem) {
      if (problem instanceof Refusal && problem.status < 500) return { ok: false, error: problem.code, limit: problem.limit }
      return { ok: false, error: "unavailable" }
    }
  }

  /** Also what asks for an address: POST /widget/<path> in the visitor's name. @param {string} path @param {object} data @param {number} [timeout] */
  async #post(path, data, timeout = ACK) {
    const init = { method: "POST", body: JSON.stringify(data), headers: { "Content-Type": "application/json" } }
    return this.http(path, init, timeout)
  }

  /** @param {object} data @returns {Promise<Answer>} */
  leaveAddress(data) {
    return this.command("contact", data)
  }

  /** What is asked by HTTP only. @param {string} path @param {object} data @returns {Promise<Answer>} */
  command(path, data) {
    return this.#askByHttp(path, data, ACK)
  }

  /** Over a limit: the device works a little for more room. @param {string} limit @returns {Promise<boolean>} */
  async prove(limit) {
    return (await import("./features/proof.js")).prove(limit, (path, data) => this.#post(path, data))
  }

  /** @param {string} path @param {RequestInit} init @param {number} timeout @param {AbortController} [stop] @returns {Promise<any>} */
  async http(path, init, timeout, stop = new AbortController()) {
    const token = this.options.storage.get("token")
    const headers = { ...init.headers, ...(token && path !== "session" ? { Authorization: `Bearer ${token}` } : {}) }
    const limit = setTimeout(() => stop.abort(), timeout)
    try {
      const answer = await this.fetch(`/widget/${path}`, { ...init, headers, signal: stop.signal, credentials: "omit" })
      const body = answer.status === 204 ? {} : await answer.json().catch(() => ({}))
      if (!answer.ok) throw new Refusal(answer.status, body.code ?? body.error ?? "refused", body.limit)
      return body
    } finally {
      clearTimeout(limit)
    }
  }
}
