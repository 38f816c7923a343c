// What an agent has begun to write, kept on this machine per ticket until it is sent.

import { remember, remembered } from "./storage.js"

/** @import { Attachment } from "./types.js" */
/** @typedef {{kind: "message" | "note", body: string, uploads: Attachment[]}} Draft */

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
