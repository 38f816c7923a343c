// What an agent has begun to write, kept on this machine per ticket until it is sent.

import { remember, remembered } from "../server/storage.js"

/** @import { Attachment, People } from "../types.js" */
/** @typedef {{kind: "message" | "note" | "forward", body: string, uploads: Attachment[], people?: People | null, forwards?: Forwarded | null}} Draft */
/** @typedef {{id: string, name: string, files: Attachment[]}} Forwarded the message that is passed on, and those of its files that go along */

/** @param {string} owner @param {string} ticket */
const keyOf = (owner, ticket) => `helpdesk.draft.${owner}.${ticket}`

/** @param {string} owner @param {string} ticket @returns {Draft | null} */
export function readDraft(owner, ticket) {
  return remembered(keyOf(owner, ticket))
}

/** An empty one is forgotten. @param {string} owner @param {string} ticket @param {Draft} draft */
export function writeDraft(owner, ticket, draft) {
  remember(keyOf(owner, ticket), draft.body.trim() || draft.uploads.length ? draft : null)
}
