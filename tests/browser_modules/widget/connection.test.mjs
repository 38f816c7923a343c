// The line to the server: new passes, blocked sockets, answers that never come.

import assert from "node:assert/strict"
import { test } from "node:test"
import { Connection, pause } from "../../../widget/connection.js"
import { NoSocket } from "../../../widget/socket.js"
import { keep } from "../../../widget/storage.js"

const until = async (isTrue, end = Date.now() + 120_000) => {
  while (!isTrue() && Date.now() < end) await new Promise(resolve => setImmediate(resolve))
  assert.ok(isTrue(), String(isTrue))
}
const json = (status, body) => ({ ok: status < 300, status, json: async () => body })

/** A socket whose other side answers with `answer`. */
function aSocket(answer = { ok: true }) {
  return { ask: async () => answer, tell() {}, close() {} }
}

/** A connection with a server of `replies` by path and sockets from `dial`. */
function aConnection(t, { replies = {}, dial = async () => aSocket() } = {}) {
  const seen = { posts: [], statuses: [], received: [], sessions: 0 }
  const connection = new Connection({
    inbox: "web",
    storage: keep("web:", null),
    about: () => ({ locale: "en" }),
    entered: () => { seen.sessions += 1 },
    status: status => seen.statuses.push(status),
    received: (name, data) => seen.received.push([name, data]),
    cursor: () => 0,
    random: () => 0.01,
    dial,
    fetch: async (address, init) => {
      const path = address.replace("/widget/", "").split("?")[0]
      seen.posts.push([path, init.headers?.Authorization, init.body && JSON.parse(init.body)])
      const reply = replies[path]?.(seen.posts.filter(post => post[0] === path).length)
      return reply ?? json(200, path === "session" ? { visitor_token: "vt_1", pass: "p1" } : { pass: "p2" })
    },
  })
  t.after(() => connection.stop())
  return { connection, seen }
}

test("a session gives the pass of the first socket, and each further socket has its own", async t => {
  const passes = []
  const lines = []
  const { connection, seen } = aConnection(t, { dial: async (pass, listeners) => { passes.push(pass); lines.push(listeners); return aSocket() } })

  connection.start()
  await until(() => connection.status === "online")
  lines[0].closed("closed")
  connection.wake()
  await until(() => lines.length === 2 && connection.status === "online")

  assert.deepEqual(passes, ["p1", "p2"])
  assert.deepEqual(seen.posts.map(post => post.slice(0, 2)), [["session", undefined], ["pass", "Bearer vt_1"]])
})

test("after two failed upgrades the same commands go by HTTP", async t => {
  const refused = async () => { throw new NoSocket("upgrade_failed") }
  const { connection, seen } = aConnection(t, { dial: refused, replies: { send_message: () => json(200, { ok: true, ticket: "t", version: 2 }) } })

  connection.start()
  await until(() => connection.status === "polling")
  const answer = await connection.ask("send_message", { body: "Hello" })

  assert.equal(answer.version, 2)
  assert.deepEqual(seen.posts.at(-1), ["send_message", "Bearer vt_1", { body: "Hello" }])
})

test("an answer that never comes ends the socket, and a new one is made", async t => {
  let dialled = 0
  const { connection } = aConnection(t, { dial: async () => aSocket(++dialled === 1 ? { ok: false, error: "timeout" } : { ok: true }) })
  connection.start()
  await until(() => connection.status === "online")

  const answer = await connection.ask("sync", {})

  assert.deepEqual(answer, { ok: false, error: "timeout" })
  connection.wake()
  await until(() => dialled === 2 && connection.status === "online")
})

test("a token that has run out makes a new visitor", async t => {
  const { connection, seen } = aConnection(t, { replies: { session: time => (time === 1 ? json(401, { code: "unauthenticated" }) : undefined) } })
  connection.options.storage.set("token", "vt_old")

  connection.start()
  await until(() => connection.status === "online")

  assert.deepEqual(seen.posts.map(([, , body]) => body.visitor_token), ["vt_old", undefined])
})

test("a refusal is final: a chat that may not be here does not knock for ever", async t => {
  const { connection, seen } = aConnection(t, { replies: { session: () => json(404, { code: "not_found" }) } })

  connection.start()
  await until(() => connection.status === "refused")
  connection.wake()

  assert.equal(seen.posts.length, 1)
})

test("the pause before the next try grows to half a minute and is never the same for all", () => {
  assert.equal(pause(0, () => 1), 1_000)
  assert.equal(pause(3, () => 1), 8_000)
  assert.equal(pause(20, () => 1), 30_000)
  assert.equal(pause(20, () => 0), 0)
})

test("who is identified while an attempt is under way is entered by the next one", async t => {
  let letIn = () => {}
  const passes = []
  const { connection, seen } = aConnection(t, {
    dial: async pass => { passes.push(pass); return aSocket() },
    replies: { session: count => count === 1 ? new Promise(resolve => { letIn = () => resolve(json(200, { visitor_token: "vt_1", pass: "before" })) }) : json(200, { visitor_token: "vt_1", pass: "after" }) },
  })
  connection.start()
  await until(() => seen.posts.length === 1)

  connection.enter()
  letIn()
  await until(() => connection.status === "online")

  assert.deepEqual(passes, ["after"])
  assert.deepEqual(seen.posts.map(post => post[2].visitor_token), [undefined, "vt_1"])
})

test("who is identified while a socket is being dialled does not speak over it", async t => {
  let letIn = () => {}
  const passes = []
  let closed = 0
  const { connection, seen } = aConnection(t, { dial: pass => {
    passes.push(pass)
    const socket = { ...aSocket(), close: () => { closed += 1 } }
    return passes.length > 1 ? Promise.resolve(socket) : new Promise(resolve => { letIn = () => resolve(socket) })
  } })
  connection.start()
  await until(() => passes.length === 1)

  connection.enter()
  letIn()
  await until(() => connection.status === "online")

  assert.equal(passes.length, 2)
  assert.equal(closed, 1)
  assert.equal(seen.sessions, 2)
})
