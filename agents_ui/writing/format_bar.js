// Buttons and keys that put Markdown's marks around what is selected.

import { html } from "../../vendor/ui.js"
import { CTRL } from "../icons.js"
import { marked } from "./markdown.js"
import { t } from "../translation.js"

/** @import { Field, Mark } from "./markdown.js" */

/** @type {{mark: Mark, sign: string, keys: string, label: () => string}[]} a key with ⇧ is pressed with Shift */
const BUTTONS = [
  { mark: "bold", sign: "B", keys: "b", label: () => t("Bold") },
  { mark: "italic", sign: "I", keys: "i", label: () => t("Italic") },
  { mark: "link", sign: "↗", keys: "k", label: () => t("Link") },
  { mark: "list", sign: "•", keys: "⇧8", label: () => t("List") },
  { mark: "numbers", sign: "1.", keys: "⇧7", label: () => t("Numbered list") },
  { mark: "quote", sign: "❞", keys: "⇧9", label: () => t("Quote") },
  { mark: "code", sign: "<>", keys: "e", label: () => t("Code") },
]

/** @param {{apply: (field: Field) => void, selected: () => Field}} props */
export function FormatBar({ apply, selected }) {
  return html`<div class="format-bar" role="toolbar" aria-label=${t("Formatting")}>${BUTTONS.map(({ mark, sign, keys, label }) => html`
    <button type="button" class="format" key=${mark} data-mark=${mark} data-sign=${sign} aria-label=${label()} title=${`${label()} (${CTRL} ${keys.toUpperCase()})`}
      onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${() => apply(marked(mark, selected()))}></button>`)}</div>`
}

/** What a key in the field means. @param {KeyboardEvent} event @param {Field} field @returns {Field | null} */
export function formatKey(event, field) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return null
  const button = BUTTONS.find(({ keys }) => (keys.startsWith("⇧") ? event.shiftKey && event.code === `Digit${keys[1]}` : !event.shiftKey && event.key.toLowerCase() === keys))
  return button ? marked(button.mark, field) : null
}
