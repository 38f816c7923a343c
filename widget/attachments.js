// Files of a conversation: their addresses end, and are asked for anew before somebody looks.

/** @import { Attachment, Answer } from "./outbox.js" */
/** @import { Line } from "./thread.js" */

const WHOLE_PAGE = 200

/** Whether an address among these lines has ended by then. @param {Line[]} lines @param {number} then */
export function stale(lines, then) {
  return lines.some(line => line.attachments.some(({ url }) => url && endOf(url) < then))
}

/** Every file of a ticket as the server addresses it now. @param {(question: { after: number, limit: number }) => Promise<Answer>} sync @returns {Promise<Map<string, Attachment>>} */
export async function attachmentsOf(sync) {
  const found = new Map()
  for (let after = 0, more = true; more;) {
    const answer = await sync({ after, limit: WHOLE_PAGE })
    const events = answer.ok ? answer.events : []
    for (const event of events) for (const file of event.data.attachments ?? []) found.set(file.id, file)
    more = answer.more === true && events.length > 0
    after = events.at(-1)?.version
  }
  return found
}

/** @param {Line[]} lines @param {Map<string, Attachment>} files @returns {Line[]} */
export function readdressed(lines, files) {
  return lines.map(line => line.attachments.length
    ? { ...line, attachments: line.attachments.map(file => files.get(file.id) ?? file) }
    : line)
}

/** @param {string} url */
function endOf(url) {
  return Number(new URLSearchParams(url.split("?")[1]).get("ends") ?? Infinity) * 1000
}
