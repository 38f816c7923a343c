// The answer, the note and the message that is passed on keep their own words, files and people.

import assert from "node:assert/strict"
import { test } from "node:test"
import { draftOf, joined, sidesOf, withAfter } from "../../../agents_ui/writing/sides.js"

const EMPTY = { body: "", uploads: [], people: null }
const MAKER = { to: ["maker@mills.example"], cc: [], bcc: [] }

test("what was begun of each kind is there again in its own place", () => {
  const sides = sidesOf({ kind: "note", body: "Between us", uploads: [], aside: { message: { body: "Hello", uploads: [], people: null } } })

  assert.equal(sides.note.body, "Between us")
  assert.equal(sides.message.body, "Hello")
  assert.equal(sides.forward.body, "")
})

test("whom a mail is passed on to is not whom the answer goes to", () => {
  const sides = sidesOf({ kind: "forward", body: "Can you look?", uploads: [], people: MAKER })

  assert.deepEqual(sides.forward.people, MAKER)
  assert.equal(sides.message.people, null)
})

test("a draft keeps what stands aside and leaves out what is empty", () => {
  const sides = sidesOf({ kind: "message", body: "Hello", uploads: [] })

  const { kind, body, aside } = draftOf("note", sides, null)

  assert.deepEqual({ kind, body, aside }, { kind: "note", body: "", aside: { message: { ...EMPTY, body: "Hello" } } })
})

test("what was begun meanwhile stays below what is taken back", () => {
  const [back, before] = [{ kind: "message", body: "Taken back", uploads: [] }, { body: "Begun", files: [], people: null }]

  assert.equal(joined(back, before).body, "Taken back\n\nBegun")
})

test("what was taken back brings along what it would have done", () => {
  const back = { kind: "message", body: "Taken back", uploads: [], after: { tags: ["refund"], resolves: true } }

  const side = joined(back, { body: "", files: [], people: null, after: { tags: ["parcel"], resolves: false } })

  assert.deepEqual(side.after, { tags: ["parcel", "refund"], resolves: true })
})

test("what saved replies do when they are sent adds up, and is kept with the draft", () => {
  const reply = { id: "1", name: "Refund", body: "", missing: [], personal: false, tags: ["refund"], resolves: false }
  const before = sidesOf({ kind: "message", body: "Hello", uploads: [], after: { tags: ["parcel"], resolves: true } })

  const sides = { ...before, message: { ...before.message, ...withAfter(before.message, reply) } }
  const again = sidesOf(JSON.parse(JSON.stringify(draftOf("message", sides, null))))

  assert.deepEqual(again.message.after, { tags: ["parcel", "refund"], resolves: true })
  assert.equal(again.note.after, null)
  assert.deepEqual(withAfter(again.note, { ...reply, tags: [] }), { after: null })
})
