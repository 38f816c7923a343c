// What an agent has written is never lost, never sent twice, and keeps its order.

import assert from "node:assert/strict"
import { test } from "node:test"
import { Outbox } from "../../../agents_ui/server/outbox.js"
import { inMemory } from "../../../agents_ui/server/storage.js"

/** An outbox whose answers and pauses the test decides. */
function anOutbox({ storage = inMemory(), ids = 0 } = {}) {
  const made = { storage, sent: [], pauses: [], delivered: [] }
  made.outbox = new Outbox({
    storage,
    owner: "a1",
    makeId: () => `id${++ids}`,
    now: () => new Date("2026-11-21T10:00:00Z"),
    changed: () => {},
    delivered: entry => made.delivered.push(entry.client_id),
    later: (run, ms) => made.pauses.push({ run, ms }),
    deliver: entry => new Promise((resolve, reject) => {
      made.sent.push({ entry, resolve, reject })
    }),
  })
  return made
}

const write = (body, ticket = "t1") => ({ ticket, kind: "message", body, uploads: [] })
const settled = () => new Promise(resolve => setImmediate(resolve))

test("a message is stored with its client_id before the first try", () => {
  const storage = inMemory()
  const outbox = new Outbox({
    storage, owner: "a1", changed: () => {}, makeId: () => "id1",
    deliver: () => {
      assert.equal(JSON.parse(storage.getItem("helpdesk.outbox.a1.id1")).body, "Hello")
      return new Promise(() => {})
    },
  })

  outbox.add(write("Hello"))
})

test("an acknowledged message leaves the storage", async () => {
  const { outbox, sent, storage, delivered } = anOutbox()
  outbox.add(write("Hello"))

  sent[0].resolve({ ok: true })
  await settled()

  assert.equal(storage.length, 0)
  assert.equal(outbox.of("t1")[0].state, "sent")
  assert.deepEqual(delivered, ["id1"])
})

test("one ticket has one unacknowledged send at a time, another ticket does not wait for it", async () => {
  const { outbox, sent } = anOutbox()
  outbox.add(write("first"))
  outbox.add(write("second"))
  outbox.add(write("elsewhere", "t2"))
  assert.deepEqual(sent.map(one => one.entry.body), ["first", "elsewhere"])

  sent[0].resolve({ ok: true })
  await settled()

  assert.deepEqual(sent.map(one => one.entry.body), ["first", "elsewhere", "second"])
})

test("an unanswered send is tried again under the same client_id, with growing pauses", async () => {
  const { outbox, sent, pauses } = anOutbox()
  outbox.add(write("Hello"))

  for (let round = 0; round < 3; round++) {
    sent[round].reject(new Error("timeout"))
    await settled()
    pauses[round].run()
  }

  assert.deepEqual(sent.map(one => one.entry.client_id), ["id1", "id1", "id1", "id1"])
  assert.deepEqual(pauses.map(one => one.ms), [1000, 2000, 4000])
})

test("the server's own wish for a pause is kept", async () => {
  const { outbox, sent, pauses } = anOutbox()
  outbox.add(write("Hello"))

  sent[0].resolve({ ok: false, error: "rate_limited", retry_ms: 7500 })
  await settled()

  assert.equal(pauses[0].ms, 7500)
})

test("a refusal is final, is shown, and lets the next message pass", async () => {
  const { outbox, sent } = anOutbox()
  outbox.add(write("too long"))
  outbox.add(write("short"))

  sent[0].resolve({ ok: false, error: "too_large" })
  await settled()

  assert.equal(outbox.of("t1")[0].state, "failed")
  assert.equal(outbox.of("t1")[0].error, "too_large")
  assert.equal(sent[1].entry.body, "short")
})

test("a refused message can be tried again or discarded", async () => {
  const { outbox, sent, storage } = anOutbox()
  outbox.add(write("Hello"))
  sent[0].resolve({ ok: false, error: "forbidden" })
  await settled()

  outbox.retry("id1")
  assert.equal(sent[1].entry.client_id, "id1")
  sent[1].resolve({ ok: false, error: "forbidden" })
  await settled()
  outbox.discard("id1")

  assert.deepEqual(outbox.of("t1"), [])
  assert.equal(storage.length, 0)
})

test("a client_id the server knows for another text is replaced on retry", async () => {
  const { outbox, sent } = anOutbox()
  outbox.add(write("Hello"))
  sent[0].resolve({ ok: false, error: "client_id_reused" })
  await settled()

  outbox.retry("id1")

  assert.equal(sent[1].entry.client_id, "id2")
})

test("after a reload everything unsent goes out, in the order in which it was written", async () => {
  const storage = inMemory()
  const before = anOutbox({ storage })
  before.outbox.add(write("first"))
  before.outbox.add(write("second"))

  const after = anOutbox({ storage, ids: 10 })
  after.outbox.flush()
  after.sent[0].resolve({ ok: true, duplicate: true })
  await settled()

  assert.deepEqual(after.sent.map(one => one.entry.client_id), ["id1", "id2"])
})

test("the event settles a send whose acknowledgement was lost", async () => {
  const { outbox, sent, delivered } = anOutbox()
  outbox.add(write("first"))
  outbox.add(write("second"))

  outbox.settle("id1")
  sent[0].reject(new Error("timeout"))
  await settled()

  assert.deepEqual(sent.map(one => one.entry.body), ["first", "second"])
  assert.deepEqual(outbox.of("t1").map(one => one.body), ["second"])
  assert.deepEqual(delivered, ["id1"])
})

test("a flush does not start a second send beside one in flight", () => {
  const { outbox, sent } = anOutbox()
  outbox.add(write("Hello"))

  outbox.flush()

  assert.equal(sent.length, 1)
})

test("discarding a message that waits for its next try lets the one behind it go", async () => {
  const { outbox, sent } = anOutbox()
  outbox.add(write("first"))
  outbox.add(write("second"))
  sent[0].reject(new Error("timeout"))
  await settled()

  outbox.discard("id1")

  assert.equal(sent[1].entry.body, "second")
})

test("half a stored entry is left alone", () => {
  const storage = inMemory()
  storage.setItem("helpdesk.outbox.a1.id9", '{"client_id": "id9", "bo')

  assert.equal(anOutbox({ storage }).outbox.waiting, 0)
})

test("what another tab writes is shown here, and sent from here only if that tab does not", async () => {
  const written = { client_id: "x1", ticket: "t1", kind: "message", body: "Hello", uploads: [], at: "2026-11-21T10:00:00Z", order: 1, state: "sending" }
  const { outbox, sent, pauses, delivered } = anOutbox()

  outbox.overheard("helpdesk.outbox.a1.x1", JSON.stringify(written))
  outbox.overheard("helpdesk.outbox.somebody.x2", JSON.stringify({ ...written, client_id: "x2" }))
  assert.deepEqual([outbox.of("t1").map(one => one.client_id), sent.length], [["x1"], 0])
  pauses[0].run()
  assert.equal(sent[0].entry.client_id, "x1")
  outbox.settle("x1")

  assert.deepEqual(delivered, ["x1"])
})

test("what another tab has sent or dropped is not sent from here", () => {
  const entry = { ticket: "t1", kind: "message", body: "Hello", uploads: [], at: "2026-11-21T10:00:00Z", order: 1, state: "sending" }
  const { outbox, sent, pauses, delivered } = anOutbox()
  const tell = (client_id, state) => outbox.overheard(`helpdesk.outbox.a1.${client_id}`, state && JSON.stringify({ ...entry, client_id, state }))

  tell("x1", "sending")
  tell("x1", null)
  tell("x2", "failed")
  tell("x2", null)
  for (const pause of pauses) pause.run()

  assert.deepEqual(outbox.of("t1").map(one => [one.client_id, one.state]), [["x1", "sent"]])
  outbox.settle("x1")
  assert.deepEqual([sent, delivered], [[], []])
})

test("a refusal that is final is told as failed, whatever its words", async () => {
  const { outbox, sent } = anOutbox()
  outbox.add(write("Hello"))

  sent[0].resolve({ ok: false, final: true, error: "Not today." })
  await settled()

  assert.deepEqual(outbox.of("t1").map(one => [one.state, one.error]), [["failed", "Not today."]])
})
