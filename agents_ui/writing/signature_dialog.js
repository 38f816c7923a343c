// One's own lines below one's mails.

import { html, useEffect, useState } from "../../vendor/ui.js"
import { get, request } from "../server/http.js"
import { CTRL, Icon, Keys } from "../icons.js"
import { dialog, toast } from "../notices_store.js"
import { t } from "../translation.js"

/** @param {{changed: () => void}} props */
export function SignatureDialog({ changed }) {
  const [text, setText] = useState(/** @type {string | null} */ (null))
  const [failed, setFailed] = useState("")
  useEffect(() => { get("/api/v1/me").then(me => setText(me.signature ?? ""), () => setFailed(t("the server cannot be reached"))) }, [])
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault()
    try {
      await request("PATCH", "/api/v1/me", { signature: text ?? "" })
      dialog.value = null
      toast(t("Signature saved"))
      changed()
    } catch (error) {
      setFailed(/** @type {any} */ (error).message)
    }
  }
  const close = () => { dialog.value = null }
  return html`<form class="form" onSubmit=${save} onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(event) }}>
    <header class="dialog-head"><h2><${Icon} name="pencil" />${t("Your signature")}</h2>
      <button type="button" class="button quiet icon-only" onClick=${close} aria-label=${t("Close")}><${Icon} name="x" /></button></header>
    <div class="form-body"><label class="field">${t("Stands below your mails, before the inbox's own. Empty: your name.")}
      <textarea rows="4" maxlength="2000" disabled=${text === null} value=${text ?? ""} onInput=${(/** @type {Event} */ event) => setText(/** @type {HTMLTextAreaElement} */ (event.target).value)}></textarea></label>
      <p class="form-problem" role="alert">${failed && html`<${Icon} name="circle-alert" />${failed}`}</p></div>
    <footer class="dialog-foot"><button type="button" class="button" onClick=${close}>${t("Cancel")}</button>
      <button type="submit" class="button primary" disabled=${text === null}>${t("Save")}<${Keys} keys=${`${CTRL} ↵`} /></button></footer></form>`
}
