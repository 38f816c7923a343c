// Whatever two colours a site chooses, the chat can be read.

import assert from "node:assert/strict"
import { test } from "node:test"
import { colours, contrast, launcher, read } from "../../../widget/theme.js"

const SAMPLES = ["#2f55c7", "#1f5f4a", "#ffd400", "#ffffff", "#000000", "#ff6a00", "#8a8a8a", "#00e5ff", "#c8102e"]
const ratio = (one, other) => contrast(read(one), read(other))

test("text on any accent and any header reaches 4.5 to 1", () => {
  for (const accent of SAMPLES) for (const header of SAMPLES) for (const dark of [false, true]) {
    const worn = colours({ accent, header }, dark)
    assert.ok(ratio(worn["--accent"], worn["--accent-contrast"]) >= 4.5, `${accent} with ${worn["--accent-contrast"]}`)
    assert.ok(ratio(worn["--header"], worn["--header-contrast"]) >= 4.5, header)
  }
})

test("the accent used as text or focus ring can be seen on the surface", () => {
  for (const accent of SAMPLES) {
    assert.ok(ratio(colours({ accent }, false)["--accent-text"], "#ffffff") >= 4.5, `${accent} on light`)
    assert.ok(ratio(colours({ accent }, true)["--accent-text"], "#1b1e26") >= 4.5, `${accent} on dark`)
  }
})

test("only colours written as hex digits are taken", () => {
  assert.deepEqual(read("#fff"), [255, 255, 255])
  assert.deepEqual(read("1f5f4a"), [31, 95, 74])
  for (const wrong of ["red", "url(x)", "#12", "#1234567", "", null, undefined]) assert.equal(read(wrong), null)
  assert.equal(launcher({ accent: "url(https://evil.example)" }).accent, "#2f55c7")
})
