// What is begun of each kind, side by side: the answer, the note and the message that is passed on keep their own words.

import { isBegun } from "./drafts.js"

/** @import { Begun, Draft, Forwarded, Kind } from "./drafts.js" */
/** @import { After, Attachment, People, Upload } from "../types.js" */
/** @typedef {{body: string, files: Upload[], people: People | null, after?: After | null}} Side */
/** @typedef {Record<Kind, Side>} Sides */

/** @type {Side} */
export const EMPTY = { body: "", files: [], people: null, after: null }

/** @param {Side} side */
export function hasText(side) {
  return isBegun({ body: side.body, uploads: side.files })
}

/** @param {Draft | null} draft @returns {Sides} */
export function sidesOf(draft) {
  const begun = /** @type {Partial<Record<Kind, Begun>>} */ (draft ? { ...draft.aside, [draft.kind]: draft } : {})
  const side = (/** @type {Begun | undefined} */ kept) => kept ? { body: kept.body, files: kept.uploads.map(asUpload), people: kept.people ?? null, ...following(kept) } : EMPTY
  return { message: side(begun.message), note: side(begun.note), forward: side(begun.forward) }
}

/** @param {Kind} kind @param {Sides} sides @param {Forwarded | null} forwards @returns {Draft} */
export function draftOf(kind, sides, forwards) {
  const kept = (/** @type {Side} */ side) => ({ body: side.body, uploads: side.files.filter(isStored).map(plain), people: side.people, ...following(side) })
  const others = Object.entries(sides).filter(([other, side]) => other !== kind && hasText(side))
  return { ...kept(sides[kind]), kind, forwards, aside: Object.fromEntries(others.map(([other, side]) => [other, kept(side)])) }
}

/** What was begun meanwhile stays below what is taken back; what either does when it is sent adds up. @param {Draft} back @param {Side} before @returns {Side} */
export function joined(back, before) {
  const begun = before.body.trim()
  return {
    body: begun && begun !== back.body ? `${back.body}\n\n${begun}` : back.body,
    files: [...back.uploads.map(asUpload), ...before.files.filter(one => !back.uploads.some(other => other.id === one.id))],
    people: back.people ?? null,
    ...withAfter(before, back.after),
  }
}

/** What a saved reply or a draft that was taken back brings along, beside what others have brought. @param {Side} side @param {After | null | undefined} more @returns {Partial<Side>} */
export function withAfter({ after }, more) {
  const tags = [...new Set([...after?.tags ?? [], ...more?.tags ?? []])]
  const resolves = Boolean(after?.resolves || more?.resolves)
  return { after: tags.length || resolves ? { tags, resolves } : null }
}

/** @param {{after?: After | null}} side */
function following({ after }) {
  return after ? { after } : {}
}

/** @param {Attachment} file @returns {Upload} */
function asUpload(file) {
  return { ...file, progress: 1, key: file.id }
}

/** @param {Upload} file */
export function isStored(file) {
  return file.progress === 1 && !file.failed
}

/** @param {Upload} file @returns {Attachment} */
export function plain({ id, name, content_type, size, url }) {
  return { id, name, content_type, size, url }
}
