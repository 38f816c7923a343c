// Single keys and two-key sequences for the whole window, silent while somebody writes.

import { ACTIONS, canRun, openPalette } from "./actions.js"
import { dialog, typeAhead } from "../notices_store.js"
import { remember, remembered } from "../server/storage.js"

const SEQUENCE_WITHIN = 1200
const SETTING = "helpdesk.single_keys"

/** Single keys get in the way of speech input (WCAG 2.1.4), so they can be switched off. */
export const singleKeys = {
  get on() { return remembered(SETTING) !== false },
  set on(value) { remember(SETTING, value ? null : false) },
}

export function listenToKeys() {
  let before = ""
  let beforeAt = 0
  document.addEventListener("keydown", event => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault()
      if (!dialog.value) openPalette()
      return
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (dialog.value) return catchUp(event)
    if (writes(event.target) || !singleKeys.on) return
    const chord = Date.now() - beforeAt < SEQUENCE_WITHIN ? `${before} ${event.key}` : ""
    const found = ACTIONS.find(one => one.key === chord) ?? ACTIONS.find(one => one.key === event.key)
    before = event.key
    beforeAt = Date.now()
    if (!found || !canRun(found)) return
    event.preventDefault()
    before = ""
    found.run()
  })
}

/** The dialog is asked for and not there yet: what is typed belongs to its field, not to what lies below. @param {KeyboardEvent} event */
function catchUp(event) {
  if (document.querySelector("dialog[open]")) return
  event.preventDefault()
  if (event.key.length === 1) typeAhead(event.key)
}

/** @param {EventTarget | null} target */
function writes(target) {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}
