// Where sockets are blocked: ask again and again for what is new, one ticket at a time; loaded only then.

/** @import { Connection } from "./connection.js" */

const WAIT = 25
const PATIENCE = 40_000
const BREATH = 3_000

/** Until the connection stops polling. @param {Connection} connection */
export async function listen(connection) {
  while (connection.running && connection.status === "polling") {
    const ticket = connection.followed
    const stop = (connection.poll = new AbortController())
    if (!ticket) await new Promise(resolve => stop.signal.addEventListener("abort", resolve))
    else await ask(connection, ticket, stop)
  }
}

/** @param {Connection} connection @param {string} ticket @param {AbortController} stop */
async function ask(connection, ticket, stop) {
  const after = connection.options.cursor(ticket)
  try {
    const query = new URLSearchParams({ ticket, after: `${after}`, wait: `${WAIT}` })
    const { events, epoch } = await connection.http(`events?${query}`, {}, PATIENCE, stop)
    connection.failures = 0
    connection.options.received("events", { ticket, epoch, prev: after, events })
  } catch (problem) {
    if (stop.signal.aborted) return
    const { status, code } = /** @type {any} */ (problem)
    if (code === "resync") connection.options.received("hint", { ticket, head: Infinity })
    else if (status === 401) connection.enter()
    else if (!status || status >= 500) connection.failed(problem)
    await new Promise(resolve => setTimeout(resolve, BREATH))
  }
}
