// One text function: English is the key, what is not translated stays English.

import assert from "node:assert/strict"
import { test } from "node:test"
import { clockTime, plural, shortTime, t, time, useLocale } from "../../../agents_ui/translation.js"

const swedish = { "Next": "Nästa", "#{number} is yours": "#{number} är ditt", "{n} minute": ["{n} minut", "{n} minuter"] }

test("English needs no catalogue", async () => {
  await useLocale("en", async () => { throw new Error("must not be asked for") })

  assert.equal(t("Next"), "Next")
  assert.equal(plural("{n} minute", "{n} minutes", 1), "1 minute")
  assert.equal(plural("{n} minute", "{n} minutes", 3), "3 minutes")
})

test("a translated text with its values", async () => {
  await useLocale("sv", async () => swedish)

  assert.equal(t("#{number} is yours", { number: 12 }), "#12 är ditt")
  assert.equal(plural("{n} minute", "{n} minutes", 1), "1 minut")
  assert.equal(plural("{n} minute", "{n} minutes", 2), "2 minuter")
})

test("a text nobody has translated stays English", async () => {
  await useLocale("sv", async () => swedish)

  assert.equal(t("Queue"), "Queue")
})

test("a catalogue that cannot be loaded leaves English", async () => {
  await useLocale("sv", async () => { throw new Error("offline") })

  assert.equal(t("Next"), "Next")
})

test("a value that is missing leaves its place visible", () => {
  assert.equal(t("Hello {name}", {}), "Hello {name}")
})

test("times are told by the 24-hour clock in every language", async () => {
  const evening = new Date(2026, 10, 21, 18, 5).getTime()
  for (const locale of ["en", "sv"]) {
    await useLocale(locale, async () => ({}))
    assert.equal(clockTime(evening), "18:05")
    assert.match(time(evening, { dateStyle: "medium", timeStyle: "short" }), /18:05/)
  }
})

test("today is a time, this week a day, longer ago a date", async () => {
  await useLocale("en")
  const now = new Date(2026, 10, 21, 12, 0).getTime()

  assert.equal(shortTime(new Date(2026, 10, 21, 9, 30).getTime(), now), "09:30")
  assert.equal(shortTime(new Date(2026, 10, 18, 9, 30).getTime(), now), "Wed")
  assert.equal(shortTime(new Date(2026, 9, 2, 9, 30).getTime(), now), "2 Oct")
})
