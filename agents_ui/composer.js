// Where an agent writes: reply or note, files, a draft that is never lost, sent by one key.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/ui.js"
import { action, hands, moveOn } from "./actions.js"
import { readDraft, writeDraft } from "./drafts.js"
import { RequestFailed, upload } from "./http.js"
import { CTRL, Icon, Keys } from "./icons.js"
import { sizeText } from "./message.js"
import { number, plural, t } from "./translation.js"
import { outbox, reasonOf } from "./changes.js"
import { connection, me, neighbour } from "./stores.js"
import { sayTyping } from "./workspace.js"

/** @import { Attachment, Ticket, Upload } from "./types.js" */

const LONGEST = 20_000
const MOST_FILES = 10

/** @param {{ticket: Ticket}} props mounted anew for each ticket */
export function Composer({ ticket }) {
  const [answerable, why] = canAnswer(ticket)
  const draft = useRef(readDraft(me.id, ticket.id)).current
  const [kind, setKind] = useState(/** @type {"message" | "note"} */ (draft?.kind ?? (answerable ? "message" : "note")))
  const [body, setBody] = useState(draft?.body ?? "")
  const [files, setFiles] = useState(/** @type {Upload[]} */ ((draft?.uploads ?? []).map(one => ({ ...one, progress: 1, key: one.id }))))
  const [over, setOver] = useState(false)
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null))
  const form = useRef(/** @type {HTMLFormElement | null} */ (null))
  const chooser = useRef(/** @type {HTMLInputElement | null} */ (null))
  const aborts = useRef(/** @type {Map<string, AbortController>} */ (new Map())).current

  // What is written right now, outside the drawing: leaving the ticket must keep it, having sent it must not.
  const written = useRef({ kind, body, uploads: /** @type {Attachment[]} */ ([]) })
  written.current = { kind, body, uploads: files.filter(isStored).map(plain) }
  const keep = () => writeDraft(me.id, ticket.id, written.current)
  useEffect(() => {
    const timer = setTimeout(keep, 250)
    return () => clearTimeout(timer)
  }, [kind, body, files])
  useEffect(() => {
    addEventListener("pagehide", keep)
    return () => {
      removeEventListener("pagehide", keep)
      keep()
    }
  }, [])
  useEffect(() => () => { for (const abort of aborts.values()) abort.abort() }, [])
  useLayoutEffect(() => {
    hands.write = wanted => {
      setKind(wanted === "message" && !answerable ? "note" : wanted)
      field.current?.focus()
    }
    hands.attach = () => chooser.current?.click()
    return () => {
      hands.write = () => {}
      hands.attach = () => {}
    }
  }, [answerable])
  useLayoutEffect(() => { if (field.current) grow(field.current) }, [body])

  useLayoutEffect(() => {
    const { style } = document.documentElement // toasts stand above the composer, however high it is
    const watch = new ResizeObserver(() => style.setProperty("--composer", `${form.current?.offsetHeight ?? 0}px`))
    watch.observe(/** @type {HTMLFormElement} */ (form.current))
    return () => {
      watch.disconnect()
      style.removeProperty("--composer")
    }
  }, [])

  const uploading = files.some(one => one.progress < 1 && !one.failed)
  const usable = files.filter(isStored)
  const tooLong = body.length - LONGEST
  const ready = (body.trim() !== "" || usable.length > 0) && !uploading && tooLong <= 0 && (kind === "note" || answerable)

  const attach = (/** @type {Iterable<File>} */ chosen) => {
    for (const file of [...chosen].slice(0, MOST_FILES - files.length)) start(file)
  }
  const start = (/** @type {File} */ file) => {
    const key = crypto.randomUUID()
    const abort = new AbortController()
    aborts.set(key, abort)
    setFiles(before => [...before, { key, id: "", name: file.name, size: file.size, content_type: file.type, progress: 0 }])
    const patch = (/** @type {Partial<Upload>} */ change) => setFiles(before => before.map(one => (one.key === key ? { ...one, ...change } : one)))
    upload(file, share => patch({ progress: Math.min(0.99, share) }), abort.signal).then(
      stored => patch({ ...stored, progress: 1 }),
      (/** @type {RequestFailed} */ error) => patch({ progress: 0, failed: reasonOf(error.code, error.message) }),
    )
  }
  const remove = (/** @type {string} */ key) => {
    aborts.get(key)?.abort()
    setFiles(before => before.filter(one => one.key !== key))
  }
  const send = (/** @type {boolean} */ resolve) => {
    if (!ready) return
    const back = kind === "message" ? "pending" : ticket.status // a reply waits for the contact
    const turns = resolve ? { then: /** @type {const} */ ("resolved"), back, number: ticket.number } : {}
    outbox.add({ ticket: ticket.id, kind, body: body.trim(), uploads: usable.map(plain), ...turns })
    setBody("")
    setFiles([])
    written.current = { kind, body: "", uploads: [] }
    keep()
    sayTyping(false)
    if (resolve) moveOn(ticket.id, neighbour(ticket.id, 1))
    else field.current?.focus()
  }
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault()
      send(event.shiftKey)
    } else if (event.key === "Escape") {
      field.current?.blur()
      hands.focusList()
    }
  }
  const onPaste = (/** @type {ClipboardEvent} */ event) => {
    const pasted = event.clipboardData?.files
    if (!pasted?.length) return
    event.preventDefault()
    attach(pasted)
  }
  const onDrop = (/** @type {DragEvent} */ event) => {
    event.preventDefault()
    setOver(false)
    attach(event.dataTransfer?.files ?? [])
  }
  const name = ticket.contact.name || ticket.contact.email || ticket.contact.phone || t("the visitor")
  const note = kind === "note"
  return html`<form class="composer" ref=${form} data-kind=${kind} data-over=${over} aria-label=${note ? t("Write a note") : t("Reply")}
    onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); send(false) }}
    onDragOver=${(/** @type {DragEvent} */ event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); setOver(true) } }}
    onDragLeave=${() => setOver(false)} onDrop=${onDrop}>
    <div class="composer-head">
      <div class="switch" role="group" aria-label=${t("Reply or note")}>
        <button type="button" aria-pressed=${!note} disabled=${!answerable} onClick=${() => hands.write("message")} title=${why}><${Icon} name="corner-up-left" />${t("Reply")}<${Keys} keys=${action("reply").key} /></button>
        <button type="button" aria-pressed=${note} onClick=${() => hands.write("note")}><${Icon} name="sticky-note" />${t("Note")}<${Keys} keys=${action("note").key} /></button>
      </div>
      <span class="composer-to">${note ? t("Only agents see this") : why}</span>
    </div>
    <textarea ref=${field} rows="2" value=${body} onKeyDown=${onKeyDown} onPaste=${onPaste}
      aria-label=${note ? t("Note for other agents") : t("Reply to {name}", { name })}
      placeholder=${note ? t("Write a note for other agents…") : t("Reply to {name}…", { name })}
      onInput=${(/** @type {Event} */ event) => { setBody(/** @type {HTMLTextAreaElement} */ (event.target).value); if (!note) sayTyping(true) }}></textarea>
    ${files.length > 0 && html`<ul class="uploads" aria-label=${t("Attachments")}>${files.map(one => html`<${UploadChip} key=${one.key} file=${one} remove=${() => remove(one.key)} />`)}</ul>`}
    <div class="composer-foot">
      <input type="file" multiple hidden ref=${chooser} onChange=${(/** @type {Event} */ event) => {
        const input = /** @type {HTMLInputElement} */ (event.target)
        attach(input.files ?? [])
        input.value = ""
      }} />
      <button type="button" class="button quiet icon-only" onClick=${hands.attach} aria-label=${t("Attach files")} title=${t("Attach files, or drop or paste them here")}><${Icon} name="paperclip" /></button>
      <span class="composer-state" role="status">${tooLong > 0 ? plural("{n} character too long", "{n} characters too long", tooLong)
        : connection.state.value === "offline" ? t("Not connected: kept, and sent by itself")
        : body.length > LONGEST * 0.9 ? t("{n} left", { n: number(-tooLong) })
        : body.trim() ? t("Draft saved") : ""}</span>
      <button type="button" class="button send-resolve" disabled=${!ready} onClick=${() => send(true)} title=${`${CTRL} ⇧ ↵`}><${Icon} name="check" /><span>${note ? t("Add & resolve") : t("Send & resolve")}</span></button>
      <button type="submit" class="button primary" disabled=${!ready}>${note ? t("Add note") : t("Send")}<${Keys} keys=${`${CTRL} ↵`} /></button>
    </div>
    ${over && html`<div class="drop-here" aria-hidden="true"><${Icon} name="paperclip" />${t("Drop to attach")}</div>`}
  </form>`
}

/** @param {{file: Upload, remove: () => void}} props */
function UploadChip({ file, remove }) {
  return html`<li class="upload" data-failed=${Boolean(file.failed)}><${Icon} name=${file.content_type.startsWith("image/") ? "image" : "file-text"} />
    <span class="file-name">${file.name}</span>
    ${file.failed ? html`<span class="upload-failed" role="alert">${file.failed}</span>` : html`<span class="file-size">${sizeText(file.size)}</span>`}
    ${file.progress < 1 && !file.failed && html`<progress value=${file.progress} max="1" aria-label=${t("Uploading {name}", { name: file.name })}></progress>`}
    <button type="button" class="button quiet icon-only tiny" onClick=${remove} aria-label=${t("Remove {name}", { name: file.name })}><${Icon} name="x" /></button></li>`
}

/** Whether a reply can reach the contact, and by which way. @param {Ticket} ticket @returns {[boolean, string]} */
function canAnswer(ticket) {
  if (ticket.status === "closed" || ticket.status === "merged") return [false, t("The ticket is closed")]
  if (ticket.channel === "email") return [true, t("By email to {address}", { address: ticket.contact.email ?? "" })]
  if (ticket.channel === "chat") return [true, ticket.contact.email ? t("By chat, or {address} when they have left", { address: ticket.contact.email }) : t("By chat")]
  if (ticket.contact.email) return [true, t("By email to {address}", { address: ticket.contact.email })]
  return [ticket.channel === "api", ticket.channel === "api" ? t("Through the API") : t("No address to write to: call {number}", { number: ticket.contact.phone ?? "" })]
}

/** @param {Upload} file */
function isStored(file) {
  return file.progress === 1 && !file.failed
}

/** @param {Upload} file @returns {Attachment} */
function plain({ id, name, content_type, size, url }) {
  return { id, name, content_type, size, url }
}

/** Where the browser cannot size a field to its text. @param {HTMLTextAreaElement} field */
function grow(field) {
  if (CSS.supports("field-sizing", "content")) return
  field.style.height = "auto"
  field.style.height = `${field.scrollHeight}px`
}
