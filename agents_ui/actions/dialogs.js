// The one dialog in front, whatever it holds: the browser traps the focus and gives it back.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/ui.js"
import { dialog } from "../notices_store.js"
import { t } from "../translation.js"

/** @type {Record<string, () => Promise<any>>} */
const PARTS = {
  merge_contacts: () => import("./merge_contacts_dialog.js").then(part => part.MergeContactsDialog),
  pick: () => import("./picker.js").then(part => part.Picker),
  call: () => import("./call_dialog.js").then(part => part.CallDialog),
  keys: () => import("./keys_dialog.js").then(part => part.KeysDialog),
  profile: () => import("./profile_dialog.js").then(part => part.ProfileDialog),
  signature: () => import("../writing/signature_dialog.js").then(part => part.SignatureDialog),
  why: () => import("../queue/why_dialog.js").then(part => part.WhyDialog),
}

/** Loaded ones are drawn at once: keys pressed right after must find their field. @type {Map<string, any>} */
const loaded = new Map()

/** @param {string} name */
async function load(name) {
  if (!loaded.has(name)) loaded.set(name, await PARTS[name]())
}

export function Dialogs() {
  const open = dialog.value
  const close = () => (open?.props.answer ? open.props.answer(null) : (dialog.value = null))
  const [, draw] = useState(0)
  useEffect(() => { load("pick").catch(() => {}) }, [])
  useEffect(() => {
    if (open && !loaded.has(open.name)) load(open.name).then(() => draw(count => count + 1), close)
  }, [open?.name])
  const Part = open && loaded.get(open.name)
  if (!Part) return null
  return html`<${Modal} key=${open.name} name=${open.name} title=${open.props.title ?? titles(open.name)} close=${close}>
    <${Part} ...${open.props} /></${Modal}>`
}

/** @param {{name: string, title: string, close: () => void, children?: any}} props */
function Modal({ name, title, close, children }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null))
  useLayoutEffect(() => {
    const element = /** @type {HTMLDialogElement} */ (box.current)
    const before = /** @type {HTMLElement | null} */ (document.activeElement)
    element.showModal()
    const first = /** @type {HTMLElement | null} */ (element.querySelector("input[type=text], input[type=tel]") ?? element.querySelector("button"))
    first?.focus()
    return () => {
      element.close()
      if (before?.isConnected) before.focus({ preventScroll: true })
    }
  }, [])
  return html`<dialog class="dialog" data-name=${name} ref=${box} aria-label=${title}
    onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); close() }}
    onPointerDown=${(/** @type {PointerEvent} */ event) => event.target === box.current && close()}>${children}</dialog>`
}

/** @param {string} name */
function titles(name) {
  return { call: t("Log a call"), profile: t("Your profile"), signature: t("Your signature"), keys: t("Keyboard"), why: t("Why is this here?"), merge_contacts: t("Is this one person?") }[name]
}

