// A saved reply is asked for at the beginning of a line, found by its letters, and never left unfilled unseen.

import assert from "node:assert/strict"
import { test } from "node:test"
import { answering, askedAt, isShort, leftToFill } from "../../../agents_ui/writing/slash.js"

const REPLIES = ["Where is my parcel", "Återkommer", "E7 on a parcel scale"].map((name, index) => ({ id: String(index), name, body: `Text of ${name}, with refund`, missing: [], personal: false }))
const names = words => answering(REPLIES, words).map(one => one.name)

test("a slash at the beginning of a line asks, with what is typed behind it", () => {
  assert.deepEqual(askedAt("/", 1), { from: 0, words: "" })
  assert.deepEqual(askedAt("Hi,\n/where is", 13), { from: 4, words: "where is" })
})

test("a slash within a line, above the caret or right of it asks nothing", () => {
  for (const [text, caret] of [["and/or", 6], ["/etc\nHi", 7], ["/", 0], ["", 0], ["Hi\n/x", 2]]) assert.equal(askedAt(text, caret), null)
})

test("names that begin with the letters come before those that hold them, and those before texts", () => {
  assert.deepEqual(names("e7"), ["E7 on a parcel scale"])
  assert.deepEqual(names("parcel"), ["Where is my parcel", "E7 on a parcel scale"])
  assert.deepEqual(names("ater"), ["Återkommer"])
  assert.equal(names("refund").length, 3)
  assert.equal(names("").length, 3)
  assert.deepEqual(names("etc/hosts"), [])
})

test("one or two letters are the beginning of a word of the name, nothing else", () => {
  assert.deepEqual(names("p"), ["Where is my parcel", "E7 on a parcel scale"])
  assert.deepEqual(names("r"), [])
  assert.deepEqual(names("re"), [])
  assert.deepEqual(names("wh p"), ["Where is my parcel"])
})

test("of a text only words that begin with the letters count", () => {
  assert.equal(names("ref").length, 3)
  assert.deepEqual(names("fund"), [])
  assert.deepEqual(names("parcel refund"), ["Where is my parcel", "E7 on a parcel scale"])
})

test("a path or half a sentence asks for no saved reply", () => {
  assert.deepEqual(["refnd", "usr/bin", "and so it went on for days"].map(isShort), [true, false, false])
})

test("a placeholder that was left is found, other braces are the agent's own", () => {
  const text = "Hi {{contact.first_name}}, use {{ your.template }}"

  assert.deepEqual(leftToFill(text), { mark: "{{contact.first_name}}", from: 3, to: 25 })
  assert.equal(leftToFill("{{ your.template }} {{}}"), null)
})
