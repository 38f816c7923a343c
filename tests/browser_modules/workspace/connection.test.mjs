// The line to the server comes back by itself, and there is another way when it cannot.

import assert from "node:assert/strict"
import { test } from "node:test"
import { Connection, pause } from "../../../agents_ui/server/connection.js"

class FakeLine {
  constructor() {
    this.listeners = {}
    this.closed = false
    this.answer = async () => ({ ok: true })
  }
  on(name, run) { this.listeners[name] = run }
  fire(name, data) { this.listeners[name]?.(data) }
  removeAllListeners() { this.listeners = {} }
  close() { this.closed = true }
  emit() {}
  timeout() { return { emitWithAck: (...args) => this.answer(...args) } }
}

function aConnection({ pass = async () => "p" } = {}) {
  const made = { lines: [], pauses: [], asked: [] }
  made.connection = new Connection({
    fetchPass: pass,
    openLine: () => {
      const line = new FakeLine()
      made.lines.push(line)
      return line
    },
    askOverHttp: async (command, data) => {
      made.asked.push([command, data])
      return { ok: true, http: true }
    },
    later: (run, ms) => made.pauses.push({ run, ms }),
    random: () => 0.5,
  })
  return made
}

const settled = () => new Promise(resolve => setImmediate(resolve))
const state = made => made.connection.state.value

test("it is live once the server has let it in", async () => {
  const made = aConnection()
  await made.connection.connect()

  made.lines[0].fire("connect")

  assert.equal(state(made), "live")
})

test("every try takes a new pass, after a pause that grows up to thirty seconds", async () => {
  let passes = 0
  const made = aConnection({ pass: async () => `p${++passes}` })
  await made.connection.connect()
  made.lines[0].fire("connect")
  made.lines[0].fire("disconnect")
  for (let round = 0; round < 6; round++) {
    made.pauses[round].run()
    await settled()
    made.lines[round + 1].fire("connect_error", new Error("refused"))
  }

  assert.equal(passes, 7)
  assert.deepEqual(made.pauses.map(one => one.ms), [1000, 2000, 4000, 8000, 15000, 15000, 15000])
  assert.equal(pause(99, () => 1), 30_000)
})

test("a machine without a network knows at once, and is back when the network is", async () => {
  const made = aConnection()
  await made.connection.connect()
  made.lines[0].fire("connect")

  made.connection.lost()
  assert.equal(state(made), "offline")
  made.connection.wake()
  await settled()
  made.lines[1].fire("connect")

  assert.equal(state(made), "live")
})

test("waking up does not sit out the pause, and does not connect twice", async () => {
  const made = aConnection()
  await made.connection.connect()
  made.lines[0].fire("connect")
  made.lines[0].fire("disconnect")

  made.connection.wake()
  made.connection.wake()
  await settled()
  made.pauses[0].run()
  await settled()

  assert.equal(made.lines.length, 2)
})

test("two failed upgrades switch to plain HTTP, and the socket is still tried", async () => {
  const made = aConnection()
  await made.connection.connect()
  const blocked = Object.assign(new Error("websocket error"), { type: "TransportError" })

  made.lines[0].fire("connect_error", blocked)
  assert.equal(state(made), "offline")
  made.pauses[0].run()
  await settled()
  made.lines[1].fire("connect_error", blocked)

  assert.equal(state(made), "polling")
  assert.deepEqual(await made.connection.ask("claim_next", {}), { ok: true, http: true })
  assert.equal(made.pauses.length, 2)
})

test("the server out of reach is offline, not polling", async () => {
  const made = aConnection({ pass: async () => { throw new TypeError("network") } })

  await made.connection.connect()

  assert.equal(state(made), "offline")
})

test("a sign-in that has ended is not retried", async () => {
  const made = aConnection({ pass: async () => { throw Object.assign(new Error(), { status: 401 }) } })

  await made.connection.connect()

  assert.equal(state(made), "signed_out")
  assert.equal(made.pauses.length, 0)
})

test("two unanswered commands mean the line is dead", async () => {
  const made = aConnection()
  await made.connection.connect()
  made.lines[0].fire("connect")
  made.lines[0].answer = async () => { throw new Error("operation has timed out") }

  await assert.rejects(made.connection.ask("sync", {}))
  assert.equal(state(made), "live")
  await assert.rejects(made.connection.ask("sync", {}))

  assert.equal(state(made), "offline")
  assert.ok(made.lines[0].closed)
})

test("a draining server is left after its pause, with a new pass", async () => {
  const made = aConnection()
  await made.connection.connect()
  made.lines[0].fire("connect")

  made.lines[0].fire("control", { type: "drain", after_ms: 2000, jitter_ms: 1000 })
  assert.equal(made.pauses[0].ms, 2500)
  made.pauses[0].run()
  await settled()

  assert.equal(made.lines.length, 2)
  assert.ok(made.lines[0].closed)
})

test("what an old line still says is not heard", async () => {
  const made = aConnection()
  const heard = []
  made.connection.on("events", packet => heard.push(packet))
  await made.connection.connect()
  made.lines[0].fire("connect")
  const late = made.lines[0].listeners.events
  made.lines[0].fire("disconnect")

  late({ ticket: "t1" })

  assert.deepEqual(heard, [])
})
