// An alert says why it came in the language of whoever reads it.

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { after, before, test } from "node:test"
import { inWords } from "../../../agents_ui/alert_words.js"
import { useLocale } from "../../../agents_ui/translation.js"

const RECORDED = [
  "P1 outside staffed hours, plan Enterprise", "Overload: tickets late: 7, agents online: 2", "first response 80 %",
  "next response -30 min", "resolution +10 min", "resolution +1 min", "Nobody has taken this chat", "A promise is about to be missed",
]
const po = readFileSync(new URL("../../../helpdesk/locales/sv/LC_MESSAGES/workspace.po", import.meta.url), "utf8")
const catalog = Object.fromEntries([
  ...[...po.matchAll(/^msgid "(.+)"\nmsgstr "(.+)"$/gm)].map(([, text, translated]) => [text, translated]),
  ...[...po.matchAll(/^msgid "(.+)"\nmsgid_plural ".+"\nmsgstr\[0\] "(.+)"\nmsgstr\[1\] "(.+)"$/gm)].map(([, text, ...forms]) => [text, forms]),
])

before(() => useLocale("sv", async () => catalog))
after(() => useLocale("en"))

test("every reason the helpdesk records is told in Swedish to a Swedish reader", () => {
  assert.deepEqual(RECORDED.map(inWords), [
    "P1 utanför bemannad tid, avtal Enterprise", "Överbelastning: 7 är sena, 2 handläggare är inne. Det som ännu kan hållas går först.",
    "Första svar, 80 % av tiden har gått", "Nästa svar, 30 minuter före utlovad tid", "Lösning, 10 minuter försenat", "Lösning, 1 minut försenat",
    "Ingen har tagit den här chatten", "Ett löfte håller på att brytas",
  ])
})

test("a reason that somebody gave stays in their words", () => {
  assert.deepEqual(["Disk full on db-2", "", undefined].map(inWords), ["Disk full on db-2", "", ""])
})
