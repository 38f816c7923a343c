// Events arrive late, twice, with gaps, or after the database was restored; the ticket on screen stays right.

import assert from "node:assert/strict"
import { test } from "node:test"
import { OrderedEvents } from "../../../widget/ordered_events.js"

const event = version => ({ version, name: "ReplySent", at: "2026-11-21T12:00:00Z", data: { body: `${version}` } })
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => event(from + at))

/** A server with a log, and a reader that has applied `applied`. */
function ticket(length, { epoch = "e1" } = {}) {
  const server = { log: range(1, length), epoch, asked: 0, reachable: true }
  const applied = []
  const events = new OrderedEvents({
    apply: fresh => applied.push(...fresh.map(one => one.version)),
    reset: () => { applied.length = 0 },
    async sync({ epoch, after, limit }) {
      server.asked += 1
      if (!server.reachable) return { ok: false, error: "unavailable" }
      if ((epoch && epoch !== server.epoch) || after > server.log.length) return { ok: false, error: "resync" }
      const found = server.log.filter(one => one.version > after).slice(0, limit)
      const head = server.log.length
      return { ok: true, epoch: server.epoch, events: found, head, more: (found.at(-1)?.version ?? head) < head }
    },
  })
  const push = (from, to, epoch = server.epoch) => events.receive({ ticket: "t", epoch, prev: from - 1, events: range(from, to) })
  return { server, applied, events, push }
}

test("a long history is read page by page", async () => {
  const { applied, events, server } = ticket(450)

  assert.equal(await events.catchUp(), true)

  assert.deepEqual(applied, range(1, 450).map(one => one.version))
  assert.equal(server.asked, 3)
})

test("an event seen before is not applied again", async () => {
  const { applied, events, push } = ticket(3)
  await events.catchUp()

  push(2, 3)

  assert.deepEqual(applied, [1, 2, 3])
})

test("a batch that overlaps what is known adds only its new part", async () => {
  const { applied, events, push } = ticket(3)
  await events.catchUp()

  push(3, 5)

  assert.deepEqual(applied, [1, 2, 3, 4, 5])
})

test("a gap is filled from the server, in order", async () => {
  const { applied, events, push, server } = ticket(2)
  await events.catchUp()
  server.log.push(...range(3, 6))

  push(6, 6)
  await events.running

  assert.deepEqual(applied, [1, 2, 3, 4, 5, 6])
})

test("a hint makes it look, an old hint does not", async () => {
  const { applied, events, server } = ticket(2)
  await events.catchUp()
  server.log.push(event(3))

  events.hint(2)
  assert.equal(events.running, null)
  events.hint(3)
  await events.running

  assert.deepEqual(applied, [1, 2, 3])
})

test("a restored database is read from its beginning", async () => {
  const { applied, events, push, server } = ticket(5)
  await events.catchUp()
  server.log = range(1, 3)
  server.epoch = "e2"

  push(3, 3, "e2")
  await events.running

  assert.deepEqual(applied, [1, 2, 3])
  assert.equal(events.epoch, "e2")
})

test("without a line nothing is lost: the next look brings it", async () => {
  const { applied, events, server } = ticket(2)
  server.reachable = false
  assert.equal(await events.catchUp(), false)

  server.reachable = true
  assert.equal(await events.catchUp(), true)

  assert.deepEqual(applied, [1, 2])
})
