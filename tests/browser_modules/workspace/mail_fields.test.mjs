// Whom an answer goes to: what was typed or pasted, and how it differs from the mail that is answered.

import assert from "node:assert/strict"
import { test } from "node:test"
import { addressee, addressesIn, differences, only } from "../../../agents_ui/writing/mail_fields.js"

test("addresses are read as people paste them", () => {
  assert.deepEqual(addressesIn("Kim Ek <Kim@x.example>; lee@y.example,\n"), ["kim@x.example", "lee@y.example"])
})

test("whoever is added or left out is told, wherever they stand", () => {
  const proposed = { to: ["kim@x.example"], cc: ["lee@y.example"] }

  assert.deepEqual(differences({ to: ["kim@x.example"], cc: [], bcc: ["boss@z.example"] }, proposed), {
    added: ["boss@z.example"], removed: ["lee@y.example"],
  })
})

test("an address stands in one field only", () => {
  assert.deepEqual(only({ to: ["a@x"], cc: ["b@x"], bcc: [] }, "bcc", ["b@x"]), { to: ["a@x"], cc: [], bcc: ["b@x"] })
})

test("whom one writes to is the contact by name, and somebody else by their address", () => {
  const anna = { name: "Anna", email: "Anna@x.example", phone: null }

  assert.equal(addressee(anna, ["lee@y.example", "anna@x.example"]), "Anna")
  assert.equal(addressee(anna, ["lee@y.example"]), "lee@y.example")
  assert.equal(addressee(anna, []), "Anna")
})
