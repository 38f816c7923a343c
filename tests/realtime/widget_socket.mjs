// widget/socket.js in Node, led by a test: orders as lines of JSON come in, what happens goes out.

import { createInterface } from "node:readline"
import { dial } from "../../widget/socket.js"

const address = process.argv[2].replace("http", "ws")
const say = (name, data) => process.stdout.write(`${JSON.stringify([name, data])}\n`)
const listeners = { received: say, closed: why => say("closed", why) }
/** @type {any} */
let socket

for await (const line of createInterface({ input: process.stdin })) {
  const [order, ...given] = JSON.parse(line)
  if (order === "dial") {
    try {
      socket = await dial(given[0], listeners, { address })
      say("entered", null)
    } catch (problem) {
      say("refused", problem.message)
    }
  }
  if (order === "ask") socket.ask(given[0], given[1], 8_000).then(answer => say("answer", answer))
  if (order === "tell") socket.tell(given[0], given[1])
  if (order === "close") socket.close()
}
