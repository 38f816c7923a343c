// Events of one ticket are applied once, in order, whatever the line does to them.

import assert from "node:assert/strict"
import { test } from "node:test"
import { OrderedEvents } from "../../../agents_ui/ticket/ordered_events.js"

const event = version => ({ version, name: "NoteAdded", id: `e${version}`, by: {}, at: "", data: {} })
const events = (from, to) => Array.from({ length: to - from + 1 }, (_, step) => event(from + step))

/** A server that holds versions 1…head and answers at most `limit` of them at a time. */
function following({ head = 0, cursor = 0, epoch = "e1", limit = 200 } = {}) {
  const seen = { applied: [], fetched: [], restarts: 0, head, epoch }
  seen.stream = new OrderedEvents({
    cursor,
    epoch,
    apply: fresh => seen.applied.push(...fresh.map(one => one.version)),
    fetchAfter: async after => {
      seen.fetched.push(after)
      const page = events(after + 1, Math.min(seen.head, after + limit))
      return { epoch: seen.epoch, events: page, head: seen.head, more: after + page.length < seen.head }
    },
    restart: () => { seen.restarts++ },
  })
  return seen
}

const settled = () => new Promise(resolve => setImmediate(resolve))

test("events in order are applied as they come", () => {
  const seen = following()

  seen.stream.receive({ epoch: "e1", prev: 0, events: events(1, 2) })
  seen.stream.receive({ epoch: "e1", prev: 2, events: [event(3)] })

  assert.deepEqual(seen.applied, [1, 2, 3])
  assert.deepEqual(seen.fetched, [])
})

test("what is already known is dropped", () => {
  const seen = following({ cursor: 5 })

  seen.stream.receive({ epoch: "e1", prev: 3, events: events(4, 6) })

  assert.deepEqual(seen.applied, [6])
})

test("a gap is fetched before anything after it is applied", async () => {
  const seen = following({ head: 4, cursor: 1 })

  seen.stream.receive({ epoch: "e1", prev: 3, events: [event(4)] })
  assert.deepEqual(seen.applied, [])
  await settled()

  assert.deepEqual(seen.fetched, [1])
  assert.deepEqual(seen.applied, [2, 3, 4])
})

test("a hole inside one packet is fetched too", async () => {
  const seen = following({ head: 4, cursor: 1 })

  seen.stream.receive({ epoch: "e1", prev: 1, events: [event(2), event(4)] })
  await settled()

  assert.deepEqual(seen.applied, [2, 3, 4])
})

test("catching up takes as many pages as there are", async () => {
  const seen = following({ head: 450, limit: 200 })

  await seen.stream.catchUp()

  assert.equal(seen.applied.length, 450)
  assert.deepEqual(seen.fetched, [0, 200, 400])
})

test("two wishes to catch up share one run", async () => {
  const seen = following({ head: 3 })

  await Promise.all([seen.stream.catchUp(), seen.stream.catchUp()])

  assert.deepEqual(seen.applied, [1, 2, 3])
})

test("events pushed while fetching are not applied twice", async () => {
  const seen = following({ head: 3 })

  const run = seen.stream.catchUp()
  seen.stream.receive({ epoch: "e1", prev: 0, events: [event(1)] })
  await run

  assert.deepEqual(seen.applied, [1, 2, 3])
})

test("a hint below the cursor asks for nothing", async () => {
  const seen = following({ head: 2, cursor: 2 })

  seen.stream.hint(2)
  await settled()

  assert.deepEqual(seen.fetched, [])
})

test("another epoch starts over instead of mixing two histories", async () => {
  const seen = following({ cursor: 9 })

  seen.stream.receive({ epoch: "e2", prev: 9, events: [event(10)] })

  assert.deepEqual(seen.applied, [])
  assert.equal(seen.restarts, 1)
})

test("a failed fetch can be repeated", async () => {
  const seen = following({ head: 2 })
  const working = seen.stream._fetchAfter
  seen.stream._fetchAfter = async () => { throw new Error("offline") }
  await assert.rejects(seen.stream.catchUp())

  seen.stream._fetchAfter = working
  await seen.stream.catchUp()

  assert.deepEqual(seen.applied, [1, 2])
})

test("any shuffle, loss and repetition of packets converges to the log", async () => {
  let state = 42
  const random = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31
  for (let round = 0; round < 50; round++) {
    const head = 1 + Math.floor(random() * 30)
    const seen = following({ head })
    for (let step = 0; step < 20; step++) {
      const from = 1 + Math.floor(random() * head)
      seen.stream.receive({ epoch: "e1", prev: from - 1, events: events(from, Math.min(head, from + Math.floor(random() * 4))) })
      if (random() < 0.3) await settled()
    }
    await seen.stream.catchUp()
    assert.deepEqual(seen.applied, events(1, head).map(one => one.version))
  }
})
