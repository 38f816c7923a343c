// What an agent has begun to write, kept on this machine per ticket until it is sent.

import { remember, remembered } from "../server/storage.js"

/** @import { After, Attachment, People } from "../types.js" */
/** @typedef {"message" | "note" | "forward"} Kind */
/** @typedef {{body: string, uploads: Attachment[], people?: People | null, after?: After | null}} Begun */
/** @typedef {Begun & {kind: Kind, forwards?: Forwarded | null, aside?: Partial<Record<Kind, Begun>>}} Draft `aside` is begun too, for another kind: a note never becomes an answer by a slip of the hand */
/** @typedef {{id: string, name: string, files: Attachment[]}} Forwarded the message that is passed on, and those of its files that go along */

/** @param {string} owner @param {string} ticket */
const keyOf = (owner, ticket) => `helpdesk.draft.${owner}.${ticket}`

/** @param {string} owner @param {string} ticket @returns {Draft | null} */
export function readDraft(owner, ticket) {
  return remembered(keyOf(owner, ticket))
}

/** An empty one is forgotten. @param {string} owner @param {string} ticket @param {Draft} draft */
export function writeDraft(owner, ticket, draft) {
  remember(keyOf(owner, ticket), [draft, ...Object.values(draft.aside ?? {})].some(isBegun) ? draft : null)
}

/** @param {{body: string, uploads: unknown[]}} side */
export function isBegun({ body, uploads }) {
  return body.trim() !== "" || uploads.length > 0
}
