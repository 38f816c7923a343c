import assert from "node:assert/strict"
import { test } from "node:test"
import { parseRoute, routeHash } from "../../../agents_ui/route.js"

test("an address names the view, the ticket and the message that was looked for", () => {
  for (const address of ["#/queue", "#/mine/email", "#/open/t/abc", "#/queue/t/abc/m/0198-f", "#/queue/t/abc/details"]) {
    assert.equal(routeHash(parseRoute(address)), address)
  }
  assert.equal(parseRoute("#/queue/t/abc/m/0198-f").message, "0198-f")
})

test("a message without a ticket is no address", () => {
  assert.equal(parseRoute("#/queue/m/0198-f").message, null)
})
