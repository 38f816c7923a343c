// The sheet of keys, and the switch for those who would rather not have them.

import { html, useState } from "../../vendor/ui.js"
import { ACTIONS } from "./actions.js"
import { CTRL, Icon, Keys } from "../icons.js"
import { singleKeys } from "./keyboard.js"
import { dialog } from "../notices_store.js"
import { t } from "../translation.js"

export function KeysDialog() {
  const [on, setOn] = useState(singleKeys.on)
  const columns = [
    [{ title: t("Queue"), names: ["queue"] }, { title: t("Writing"), names: ["write"] }],
    [{ title: t("Ticket"), names: ["ticket"] }],
    [{ title: t("Go and more"), names: ["go", "app"] }],
  ]
  return html`<div class="form">
    <header class="dialog-head"><h2><${Icon} name="keyboard" />${t("Keyboard")}</h2>
      <button type="button" class="button quiet icon-only" onClick=${() => { dialog.value = null }} aria-label=${t("Close")}><${Icon} name="x" /></button></header>
    <div class="sheet" tabindex="0" role="group" aria-label=${t("Keyboard")}>${columns.map(groups => html`<div key=${groups[0].title}>${groups.map(group => html`<section key=${group.title}><h3>${group.title}</h3><dl>
      ${ACTIONS.filter(one => group.names.includes(one.group)).map(one => html`<div key=${one.id}><dt>${one.label()}</dt><dd><kbd class="visually-hidden">${one.key}</kbd><${Keys} keys=${one.key} />${one.id === "search" && html` <${Keys} keys=${`${CTRL} K`} />`}</dd></div>`)}
      ${group.names.includes("write") && html`<div><dt>${t("Send")}</dt><dd><${Keys} keys=${`${CTRL} ↵`} /></dd></div><div><dt>${t("Send & resolve")}</dt><dd><${Keys} keys=${`${CTRL} ⇧ ↵`} /></dd></div>`}
    </dl></section>`)}</div>`)}</div>
    <footer class="dialog-foot"><label class="check"><input type="checkbox" checked=${on} onChange=${(/** @type {Event} */ event) => { singleKeys.on = /** @type {HTMLInputElement} */ (event.target).checked; setOn(singleKeys.on) }} /><span>${t("Single keys are on")}</span></label></footer>
  </div>`
}
