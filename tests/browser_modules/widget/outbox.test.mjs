// What a visitor wrote is kept until the server has it.

import assert from "node:assert/strict"
import { test } from "node:test"
import { Outbox, uuid, verdict } from "../../../widget/outbox.js"
import { keep } from "../../../widget/storage.js"

function browserStorage() {
  const data = new Map()
  return {
    get length() { return data.size },
    key: at => [...data.keys()][at] ?? null,
    getItem: key => data.get(key) ?? null,
    setItem: (key, value) => data.set(key, value),
    removeItem: key => data.delete(key),
  }
}
const ids = () => { let last = 0; return () => `id-${++last}` }

test("a message survives a reload, in the order of writing", () => {
  const store = browserStorage()
  const before = new Outbox(keep("web:", store), ids(), () => 1000)
  before.add({ ticket: null, body: "first" })
  before.add({ ticket: null, body: "second" })

  const after = new Outbox(keep("web:", store))

  assert.deepEqual(after.items().map(item => item.body), ["first", "second"])
})

test("two tabs writing at once lose nothing", () => {
  const store = browserStorage()
  const one = new Outbox(keep("web:", store), () => "a", () => 1)
  const other = new Outbox(keep("web:", store), () => "b", () => 2)

  one.add({ ticket: "t", body: "from one" })
  other.add({ ticket: "t", body: "from the other" })

  assert.deepEqual(one.items().map(item => item.body), ["from one", "from the other"])
})

test("a browser that refuses storage still sends", () => {
  const refusing = { get length() { throw new Error("denied") }, key() {}, getItem() { throw new Error("denied") }, setItem() { throw new Error("denied") }, removeItem() { throw new Error("denied") } }
  const outbox = new Outbox(keep("web:", refusing))

  outbox.add({ ticket: null, body: "hello" })

  assert.equal(outbox.next()?.body, "hello")
})

test("what was written before the ticket existed follows into it", () => {
  const outbox = new Outbox(keep("web:", browserStorage()), ids())
  outbox.add({ ticket: null, body: "opens it" })
  outbox.add({ ticket: null, body: "and more" })

  outbox.move(null, "t1")

  assert.deepEqual(outbox.items().map(item => item.ticket), ["t1", "t1"])
})

test("a refused message waits for the visitor and is tried again as a new one", () => {
  const outbox = new Outbox(keep("web:", browserStorage()), ids())
  const { client_id } = outbox.add({ ticket: "t", body: "no" })

  outbox.fail(client_id, "forbidden")
  assert.equal(outbox.next(), undefined)
  outbox.retry(client_id)

  assert.equal(outbox.next()?.body, "no")
  assert.notEqual(outbox.next()?.client_id, client_id)
})

test("only errors that pass by themselves are tried again by themselves", () => {
  const outcome = error => verdict({ ok: false, error })

  assert.equal(verdict({ ok: true }), "sent")
  for (const error of ["unavailable", "rate_limited", "draining", "timeout"]) assert.equal(outcome(error), "again")
  for (const error of ["bad_request", "forbidden", "client_id_reused", "too_large", "internal"]) assert.equal(outcome(error), "failed")
  assert.equal(outcome("unauthenticated"), "enter")
  assert.equal(outcome("closed"), "new_ticket")
})

test("ids are version 4 UUIDs", () => {
  assert.match(uuid(), /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
})
