// One socket to the server: as much of Engine.IO 4 and Socket.IO 5 as docs/protocol.md speaks, text over a WebSocket.

/** @import { Answer } from "./outbox.js" */
/**
 * @typedef {{ received: (name: string, data: any) => void, closed: (why: string) => void }} Listeners
 * @typedef {{ address?: string, patience?: number, WebSocket?: any }} Means what a test may exchange
 */

const SPACE = "/widget"
const HANDSHAKE = 10_000

/** Why no socket came about: `upgrade_failed`, or the words of the server that refused it. */
export class NoSocket extends Error {}

/** A socket that has entered the namespace with its pass. @param {string} pass @param {Listeners} listeners @param {Means} [means] @returns {Promise<Socket>} */
export function dial(pass, listeners, { address, patience = HANDSHAKE, WebSocket = globalThis.WebSocket } = {}) {
  return new Promise((resolve, reject) => {
    const wire = new WebSocket(`${address ?? location.origin.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`)
    const socket = new Socket(wire, listeners)
    const limit = setTimeout(() => socket.end("timeout"), patience)
    socket.entered = () => { clearTimeout(limit); resolve(socket) }
    socket.refused = why => { clearTimeout(limit); reject(new NoSocket(why)) }
    socket.greeted = () => socket.put("0", JSON.stringify({ v: 1, pass }))
  })
}

export class Socket {
  /** @param {WebSocket} wire @param {Listeners} listeners */
  constructor(wire, listeners) {
    this.wire = wire
    this.listeners = listeners
    this.connected = false
    this.over = false
    this.count = 0
    this.largest = Infinity
    this.silence = 0
    /** @type {Map<number, (answer: Answer) => void>} */
    this.waiting = new Map()
    this.greeted = () => {}
    this.entered = () => {}
    this.refused = (/** @type {string} */ _why) => {}
    wire.onmessage = ({ data }) => this.#read(data)
    wire.onclose = wire.onerror = () => this.end("closed")
  }

  /** A command and its acknowledgement. @param {string} command @param {object} data @param {number} patience @returns {Promise<Answer>} */
  ask(command, data, patience) {
    const id = ++this.count
    const text = id + JSON.stringify([command, data])
    if (!this.connected) return Promise.resolve({ ok: false, error: "unavailable" })
    if (new TextEncoder().encode(text).length + 16 > this.largest) return Promise.resolve({ ok: false, error: "too_large" })
    return new Promise(resolve => {
      const limit = setTimeout(() => this.#answer(id, { ok: false, error: "timeout" }), patience)
      this.waiting.set(id, answer => { clearTimeout(limit); resolve(answer) })
      this.put("2", text)
    })
  }

  /** Without an answer, and not at all where the line is behind: typing. @param {string} command @param {object} data */
  tell(command, data) {
    if (this.connected && !this.wire.bufferedAmount) this.put("2", JSON.stringify([command, data]))
  }

  /** Ended by us: nobody is told. */
  close() {
    this.listeners = { received() {}, closed() {} }
    this.end("closed")
  }

  /** @param {string} kind @param {string} text */
  put(kind, text) {
    this.wire.send(`4${kind}${SPACE},${text}`)
  }

  /** Whatever the cause, once. @param {string} why */
  end(why) {
    if (this.over) return
    const was = this.connected
    this.over = true
    this.connected = false
    clearTimeout(this.timer)
    this.wire.onmessage = this.wire.onclose = this.wire.onerror = null
    this.wire.close()
    for (const id of [...this.waiting.keys()]) this.#answer(id, { ok: false, error: "unavailable" })
    if (was) this.listeners.closed(why)
    else this.refused(why.startsWith("refused:") ? why.slice(8) : "upgrade_failed")
  }

  /** One packet; what cannot be read ends the socket, since nobody knows what was missed. @param {unknown} packet */
  #read(packet) {
    this.#alive()
    if (packet === "2") return this.wire.send("3")
    try {
      if (typeof packet !== "string") throw new Error("binary")
      if (packet[0] === "0") this.#greet(JSON.parse(packet.slice(1)))
      else if (packet[0] === "1") this.end("closed")
      else if (packet[0] === "4") this.#take(packet)
    } catch {
      this.end("unreadable")
    }
  }

  /** @param {{ pingInterval: number, pingTimeout: number, maxPayload?: number }} greeting */
  #greet({ pingInterval, pingTimeout, maxPayload }) {
    this.silence = pingInterval + pingTimeout
    this.largest = maxPayload ?? this.largest
    this.#alive()
    this.greeted()
  }

  /** Events, answers, and whether we may be here at all. @param {string} packet */
  #take(packet) {
    const [, kind, id, body] = /** @type {RegExpExecArray} */ (/^4(\d)(?:\/[^,]*,)?(\d*)(.*)$/s.exec(packet))
    const data = body ? JSON.parse(body) : null
    if (kind === "0") {
      this.connected = true
      this.entered()
    } else if (kind === "1") this.end("closed")
    else if (kind === "2") this.listeners.received(data[0], data[1])
    else if (kind === "3") this.#answer(Number(id), data[0])
    else if (kind === "4") this.end(`refused:${data?.message ?? "refused"}`)
  }

  /** @param {number} id @param {Answer} answer */
  #answer(id, answer) {
    this.waiting.get(id)?.(answer)
    this.waiting.delete(id)
  }

  /** The server pings; when it has been silent for too long, the line is dead although nobody said so. */
  #alive() {
    clearTimeout(this.timer)
    if (this.silence) this.timer = setTimeout(() => this.end("silent"), this.silence)
  }
}
