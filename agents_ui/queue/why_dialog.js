// The same explanation in front of the list, for the row under the keyboard.

import { html } from "../../vendor/ui.js"
import { Icon } from "../icons.js"
import { dialog } from "../notices_store.js"
import { t } from "../translation.js"
import { Why } from "./why.js"

/** @import { QueueRow } from "../types.js" */

/** @param {{row: QueueRow}} props */
export function WhyDialog({ row }) {
  const close = () => { dialog.value = null }
  return html`<div class="form">
    <header class="dialog-head"><h2>${t("Why is this here?")}</h2>
      <button type="button" class="button quiet icon-only" onClick=${close} aria-label=${t("Close")}><${Icon} name="x" /></button></header>
    <div class="form-body" tabindex="0" role="group" aria-label=${t("Why is this here?")}><p class="why-subject"><span class="number">#${row.number}</span> ${row.subject}</p><${Why} row=${row} /></div>
  </div>`
}
