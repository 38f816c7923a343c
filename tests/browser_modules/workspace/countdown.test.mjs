// How a due time reads, and how worried it looks.

import assert from "node:assert/strict"
import { test } from "node:test"
import { countdown, span } from "../../../agents_ui/countdown.js"

const now = Date.parse("2026-11-21T10:00:00Z")
const inMinutes = minutes => new Date(now + minutes * 60_000).toISOString()

test("without a due time there is no countdown", () => {
  assert.equal(countdown(null, now), null)
})

test("more than a quarter of an hour is calm, less is soon, past is late", () => {
  assert.equal(countdown(inMinutes(15), now).tone, "calm")
  assert.equal(countdown(inMinutes(14.9), now).tone, "soon")
  assert.equal(countdown(inMinutes(-0.1), now).tone, "late")
})

test("the text has at most two units", () => {
  const texts = [0.75, 1.9, 3, 59.9, 60, 229, 24 * 60, 51 * 60].map(minutes => countdown(inMinutes(minutes), now).text)

  assert.deepEqual(texts, ["45s", "114s", "3m", "59m", "1h", "3h 49m", "1d", "2d 3h"])
})

test("late by less than a minute says one minute", () => {
  assert.equal(countdown(inMinutes(-0.2), now).text, "−1m")
  assert.equal(countdown(inMinutes(-63), now).text, "−1h 3m")
})

test("a span is the same in both directions of a call", () => {
  assert.equal(span(340_000), "5m")
})
