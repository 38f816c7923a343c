// Short words at the edge of the screen, the dialog in front, and what can be taken back.

import { signal } from "../vendor/ui.js"

/** @import { Marked } from "./types.js" */

/**
 * @typedef {object} Toast
 * @property {number} id
 * @property {string} text
 * @property {"plain" | "danger"} tone
 * @property {{label: string, key?: string, run: () => void}} [action]
 * @property {string} [about] the ticket it speaks of: a newer word on the same ticket takes its place
 */
/** @typedef {{label: string, run: () => void, toast?: number}} Undo */
/**
 * @typedef {object} Option
 * @property {string} id
 * @property {string} label
 * @property {string} [hint]
 * @property {string} [icon]
 * @property {string} [key]
 * @property {string} [group]
 * @property {boolean} [chosen]
 * @property {Marked} [parts] the label with what was sought marked
 * @property {{icon: string, kind: string, lead: string, parts: Marked}} [line] what was found, below it
 * @property {boolean} [untyped] offered only while nothing is typed
 */
/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} [placeholder]
 * @property {Option[]} options
 * @property {(text: string, after: string | null) => Promise<{options: Option[], next: string | null}>} [more] found elsewhere for what was typed, page by page
 * @property {string[]} [insertable] what can be put into the field besides words
 * @property {(text: string) => Option | null} [typed] what the typed text itself would mean
 * @property {string} [begun] what stands in the field at first
 * @property {"datetime-local"} [extra]
 * @property {boolean} [unchosen] Enter does nothing until something was typed or walked to
 */

export const toasts = signal(/** @type {Toast[]} */ ([]))
export const dialog = signal(/** @type {{name: "pick" | "call" | "keys" | "why" | "profile" | "signature" | "merge_contacts", props: any} | null} */ (null))

/** @type {Undo[]} */
const undoable = []
let count = 0

/** @param {string} text @param {{tone?: Toast["tone"], action?: Toast["action"], about?: string, ms?: number}} [options] */
export function toast(text, { tone = "plain", action, about, ms = action ? 10_000 : 5000 } = {}) {
  const id = ++count
  // Undo takes back the last step only, so an older offer of it must not stay on screen.
  const standing = toasts.value.filter(one => !(action?.key && one.action?.key === action.key) && !(about && one.about === about))
  toasts.value = [...standing.slice(-1), { id, text, tone, action, about }]
  setTimeout(() => dismiss(id), ms)
  return id
}

/** @param {number} id */
export function dismiss(id) {
  toasts.value = toasts.value.filter(one => one.id !== id)
}

/** @param {Undo} step */
export function canUndo(step) {
  undoable.push(step)
  if (undoable.length > 20) undoable.shift()
}

/** It never happened: there is nothing to take back. @param {Undo} step */
export function cannotUndo(step) {
  const at = undoable.indexOf(step)
  if (at >= 0) undoable.splice(at, 1)
}

/** The last step; what offered to take it back has nothing to offer any more. @returns {Undo | undefined} */
export function takeUndo() {
  const step = undoable.pop()
  if (step?.toast) dismiss(step.toast)
  return step
}

let ahead = ""

/** Typed after a question was asked and before its field was there. @param {string} letters */
export function typeAhead(letters) {
  ahead += letters
}

export function takeTypedAhead() {
  const typed = ahead
  ahead = ""
  return typed
}

/** One question, one answer; null when it was put away. @param {Question} question @returns {Promise<string | null>} */
export function pick(question) {
  return new Promise(resolve => {
    takeTypedAhead()
    dialog.value = {
      name: "pick",
      props: {
        ...question,
        answer: (/** @type {string | null} */ id) => {
          dialog.value = null
          resolve(id)
        },
      },
    }
  })
}
