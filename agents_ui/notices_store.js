// Short words at the edge of the screen, the dialog in front, and what can be taken back.

import { signal } from "../vendor/ui.js"

/** @typedef {{id: number, text: string, tone: "plain" | "danger", action?: {label: string, key?: string, run: () => void}}} Toast */
/** @typedef {{label: string, run: () => void}} Undo */
/**
 * @typedef {object} Option
 * @property {string} id
 * @property {string} label
 * @property {string} [hint]
 * @property {string} [icon]
 * @property {string} [key]
 * @property {string} [group]
 * @property {boolean} [chosen]
 */
/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} [placeholder]
 * @property {Option[]} options
 * @property {(text: string) => Promise<Option[]>} [more] found elsewhere for what was typed
 * @property {(text: string) => Option | null} [typed] what the typed text itself would mean
 * @property {"datetime-local"} [extra]
 */

export const toasts = signal(/** @type {Toast[]} */ ([]))
export const dialog = signal(/** @type {{name: "pick" | "call" | "keys" | "why", props: any} | null} */ (null))

/** @type {Undo[]} */
const undoable = []
let count = 0

/** @param {string} text @param {{tone?: Toast["tone"], action?: Toast["action"], ms?: number}} [options] */
export function toast(text, { tone = "plain", action, ms = action ? 10_000 : 5000 } = {}) {
  const id = ++count
  // Undo takes back the last step only, so an older offer of it must not stay on screen.
  const standing = toasts.value.filter(one => !(action?.key && one.action?.key === action.key))
  toasts.value = [...standing.slice(-1), { id, text, tone, action }]
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

/** @returns {Undo | undefined} */
export function takeUndo() {
  return undoable.pop()
}

/** One question, one answer; null when it was put away. @param {Question} question @returns {Promise<string | null>} */
export function pick(question) {
  return new Promise(resolve => {
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
