// A colleague who answered while one was writing is told of; the same answer on its way out is told of once.

import assert from "node:assert/strict"
import { test } from "node:test"
import { answersMeanwhile, seenSoFar } from "../../../agents_ui/writing/colleagues.js"

const BEGAN = Date.parse("2026-03-02T10:00:00Z")
const said = (name, body, at, more = {}) => ({
  kind: "message", ours: true, id: body, author: { kind: "agent", id: name, name }, body, at, ...more,
})
const held = (name, body, mail = {}) => ({ id: body, agent: { id: name, name }, body, mail })

test("an answer of a colleague that came while I wrote is told of by name", () => {
  const started = { at: BEGAN, seen: seenSoFar([said("Priya", "Earlier", "2026-03-02T09:59:00Z")], []) }
  const items = [
    said("Priya", "Earlier", "2026-03-02T09:59:00Z"),
    said("Me", "Mine", "2026-03-02T10:00:10Z"),
    said("Priya", "Just now", "2026-03-02T10:00:20Z"),
    said("Priya", "For you only", "2026-03-02T10:00:30Z", { kind: "note" }),
    said("Tom", "Thanks", "2026-03-02T10:00:40Z", { ours: false }),
  ]

  assert.deepEqual(answersMeanwhile(items, [held("Jonas", "On its way")], started, "Me"), ["Priya", "Jonas"])
})

test("an answer that was about to leave when I began is not told of when it leaves", () => {
  const started = { at: BEGAN, seen: seenSoFar([], [held("Priya", "On its way")]) }

  assert.deepEqual(answersMeanwhile([said("Priya", "On its way", "2026-03-02T10:00:09Z")], [], started, "Me"), [])
})

test("what a colleague passes on to somebody else is no answer", () => {
  const started = { at: BEGAN, seen: seenSoFar([], []) }

  assert.deepEqual(answersMeanwhile([], [held("Priya", "Please look", { way: "forward" })], started, "Me"), [])
})
