// Moments to sleep until: only useful ones are offered.

import assert from "node:assert/strict"
import { test } from "node:test"
import { snoozeTimes } from "../../../agents_ui/actions/snooze_times.js"

const offered = (...moment) => snoozeTimes(new Date(...moment).getTime()).map(one => one.label)

test("by day every moment is offered", () => {
  assert.deepEqual(offered(2026, 10, 18, 11, 0), ["In an hour", "In 3 hours", "Tomorrow morning", "Monday morning", "In a week"])
})

test("three hours that end in the evening or the night are not offered", () => {
  assert.equal(offered(2026, 10, 18, 16, 59).includes("In 3 hours"), true)
  assert.equal(offered(2026, 10, 18, 17, 0).includes("In 3 hours"), false)
  assert.equal(offered(2026, 10, 18, 22, 30).includes("In 3 hours"), false)
})

test("in the small hours the coming morning is offered", () => {
  assert.deepEqual(offered(2026, 10, 18, 0, 18), ["In an hour", "This morning", "Tomorrow morning", "Monday morning", "In a week"])
})

test("no morning is offered under two names", () => {
  assert.deepEqual(offered(2026, 10, 22, 22, 0), ["In an hour", "Tomorrow morning", "In a week"]) // a Sunday
  assert.deepEqual(offered(2026, 10, 23, 22, 0), ["In an hour", "Tomorrow morning", "Monday morning"]) // a Monday
})
