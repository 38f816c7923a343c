// Opening hours say whose clock they mean, and write it as everything else beside them.

process.env.TZ = "America/New_York"

import assert from "node:assert/strict"
import { test } from "node:test"
import { inClock } from "../../../helpdesk/web/static/local_times.js"
import { openingHours } from "../../../widget/translation.js"

const WEEK = Object.fromEntries(["mon", "tue", "wed", "thu", "fri"].map(day => [day, [["09:00", "17:00"]]]))
const NOW = new Date("2026-11-20T12:00:00Z")

/** @param {string} language */
const reading = language => Object.defineProperty(navigator, "languages", { value: [language], configurable: true })

test("hours of another zone name it", () => {
  reading("en-GB")

  assert.equal(openingHours(WEEK, "Europe/Stockholm", NOW), "Mon–Fri 09:00–17:00 (Stockholm)")
})

test("hours by the reader's own clock need no zone, whatever its name", () => {
  reading("en-GB")

  assert.equal(openingHours(WEEK, "America/Toronto", NOW), "Mon–Fri 09:00–17:00")
})

test("hours are written as the reader writes the clock", () => {
  reading("en-US")
  const nights = { mon: [["18:30", "24:00"]] }

  assert.equal(plain(openingHours(WEEK, "America/New_York", NOW)), "Mon–Fri 9:00 AM–5:00 PM")
  assert.equal(plain(openingHours(nights, "America/New_York", NOW)), "Mon 6:30 PM–12:00 AM")
  assert.equal(plain(inClock("10:00–12:00, 13:00–24:00", "en-US")), "10:00 AM–12:00 PM, 1:00 PM–12:00 AM")
})

test("midnight at the end of a day is 24:00 where the clock has it", () => {
  assert.equal(inClock("18:30–24:00", "sv"), "18:30–24:00")
})

/** @param {string} text */
function plain(text) {
  return text.replace(/\s/g, " ")
}
