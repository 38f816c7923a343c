// The widget's own socket, frame by frame: what it says, what it understands, and when it gives up.

import assert from "node:assert/strict"
import { test } from "node:test"
import { dial } from "../../../widget/socket.js"

/** The other end of the wire: what was sent, and a mouth. */
class Wire {
  static last = /** @type {Wire} */ (/** @type {unknown} */ (null))
  sent = []
  bufferedAmount = 0
  closed = false
  constructor(address) { this.address = address; Wire.last = this }
  send(text) { this.sent.push(text) }
  close() { this.closed = true }
  says(text) { this.onmessage?.({ data: text }) }
}
const GREETING = `0${JSON.stringify({ sid: "e1", upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 65_536 })}`

/** A socket on its way in; `listeners` notes what it reports. */
function dialled(means = {}) {
  const heard = []
  const listeners = { received: (name, data) => heard.push([name, data]), closed: why => heard.push(["closed", why]) }
  const socket = dial("cp_1", listeners, { WebSocket: Wire, address: "ws://help.example", ...means })
  return { socket, wire: Wire.last, heard }
}

async function entered(greeting = GREETING) {
  const { socket, wire, heard } = dialled()
  wire.says(greeting)
  wire.says('40/widget,{"sid":"s1"}')
  return { socket: await socket, wire, heard }
}

test("it enters the namespace with its pass as soon as it is greeted", async () => {
  const { socket, wire } = await entered()

  assert.equal(wire.address, "ws://help.example/socket.io/?EIO=4&transport=websocket")
  assert.deepEqual(wire.sent, ['40/widget,{"v":1,"pass":"cp_1"}'])
  assert.ok(socket.connected)
  socket.close()
})

test("a ping is answered", async () => {
  const { socket, wire } = await entered()

  wire.says("2")

  assert.equal(wire.sent.at(-1), "3")
  socket.close()
})

test("each command gets its own answer, in whatever order they come", async () => {
  const { socket, wire } = await entered()
  const first = socket.ask("sync", { after: 0 }, 1_000)
  const second = socket.ask("mark_read", { upto: 3 }, 1_000)

  wire.says('43/widget,2[{"ok":true,"upto":3}]')
  wire.says('43/widget,1[{"ok":true,"events":[{"data":{"body":"a, b [1] {2}\\nc"}}]}]')

  assert.deepEqual(wire.sent.slice(1), ['42/widget,1["sync",{"after":0}]', '42/widget,2["mark_read",{"upto":3}]'])
  assert.equal((await first).events[0].data.body, "a, b [1] {2}\nc")
  assert.equal((await second).upto, 3)
  socket.close()
})

test("events are passed on, and unknown packets of the protocol show nothing", async () => {
  const { socket, wire, heard } = await entered()

  wire.says('42/widget,["events",{"ticket":"t","prev":0,"events":[]}]')
  wire.says("6")

  assert.deepEqual(heard, [["events", { ticket: "t", prev: 0, events: [] }]])
  socket.close()
})

test("a refusal says in the server's words why", async () => {
  const { socket, wire } = dialled()
  wire.says(GREETING)

  wire.says('44/widget,{"message":"pass_invalid"}')

  await assert.rejects(socket, { message: "pass_invalid" })
  assert.ok(wire.closed)
})

for (const [how, end] of Object.entries({
  "closes at once": wire => wire.onclose(),
  "cannot be opened": wire => wire.onerror(),
  "is greeted and cut": wire => { wire.says(GREETING); wire.onclose() },
})) {
  test(`a wire that ${how} is a failed upgrade`, async () => {
    const { socket, wire } = dialled()
    end(wire)
    await assert.rejects(socket, { message: "upgrade_failed" })
  })
}

test("a wire on which nobody speaks is a failed upgrade", async () => {
  await assert.rejects(dialled({ patience: 10 }).socket, { message: "upgrade_failed" })
})

test("what waits for an answer when the line is cut hears of it, and the owner once", async () => {
  const { socket, wire, heard } = await entered()
  const asked = socket.ask("sync", {}, 10_000)

  wire.onclose()
  socket.end("again")

  assert.deepEqual(await asked, { ok: false, error: "unavailable" })
  assert.deepEqual(heard, [["closed", "closed"]])
  assert.deepEqual(await socket.ask("sync", {}, 10), { ok: false, error: "unavailable" })
})

test("an answer that does not come in time is a timeout", async () => {
  const { socket } = await entered()

  assert.deepEqual(await socket.ask("sync", {}, 5), { ok: false, error: "timeout" })
  socket.close()
})

test("a server that falls silent is gone although nobody said so", async () => {
  const { wire, heard } = await entered('0{"sid":"e1","pingInterval":5,"pingTimeout":5}')

  while (!heard.length) await new Promise(resolve => setTimeout(resolve, 5))

  assert.deepEqual(heard, [["closed", "silent"]])
  assert.ok(wire.closed)
})

for (const nonsense of ["42/widget,[", "4", "0{", "43/widget,x", new ArrayBuffer(2)]) {
  test(`what cannot be read ends the socket: ${nonsense}`, async () => {
    const { wire, heard } = await entered()
    wire.says(nonsense)
    assert.deepEqual(heard, [["closed", "unreadable"]])
  })
}

test("the server's leave-taking ends it", async () => {
  for (const goodbye of ["1", "41/widget,"]) {
    const { wire, heard } = await entered()
    wire.says(goodbye)
    assert.deepEqual(heard, [["closed", "closed"]])
  }
})

test("more than the server takes in one packet is not sent at all: it would cost the line", async () => {
  const { socket, wire } = await entered()

  const answer = await socket.ask("send_message", { body: "\u0001".repeat(20_000) }, 1_000)

  assert.deepEqual(answer, { ok: false, error: "too_large" })
  assert.equal(wire.sent.length, 1)
  socket.close()
})

test("typing is dropped where the line is behind", async () => {
  const { socket, wire } = await entered()
  wire.bufferedAmount = 10
  socket.tell("typing", { state: true })
  wire.bufferedAmount = 0
  socket.tell("typing", { state: false })

  assert.deepEqual(wire.sent.slice(1), ['42/widget,["typing",{"state":false}]'])
  socket.close()
})

test("closed by its owner, it is silent for ever", async () => {
  const { socket, wire, heard } = await entered()

  socket.close()
  wire.says('42/widget,["events",{}]')
  wire.onclose?.()

  assert.deepEqual(heard, [])
})
