// Where the visitor writes: a field that grows, files by button, drop and paste, a draft that survives.

import { html, useEffect, useLayoutEffect, useRef, useSignal } from "../vendor/ui.js"
import { Icon } from "./icon.js"
import { fileSize } from "./text.js"
import { plural, t } from "./translation.js"

/** @import { Chat } from "./chat.js" */
/** @import { Signal } from "../vendor/ui.js" */
/** @import { Upload } from "./uploads.js" */

/** @param {{ chat: Chat, prefill: Signal<string>, dropped: Signal<File[]> }} props */
export function Composer({ chat, prefill, dropped }) {
  const limits = chat.session.value?.limits
  const key = `draft:${chat.current.value ?? "new"}`
  const draft = useSignal("")
  const uploads = useSignal(/** @type {Upload[]} */ ([]))
  const problem = useSignal("")
  const Faces = useSignal(/** @type {typeof import("./emoji.js").Faces | null} */ (null))
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null))
  const picker = useRef(/** @type {HTMLInputElement | null} */ (null))

  useEffect(() => { draft.value = chat.storage.get(key) ?? "" }, [key])
  useEffect(() => {
    if (!prefill.value) return
    write(prefill.value)
    prefill.value = ""
  }, [prefill.value])
  useEffect(() => {
    if (!dropped.value.length) return
    add(dropped.value)
    dropped.value = []
  }, [dropped.value])
  useLayoutEffect(() => {
    const area = field.current
    if (!area) return
    area.style.height = "auto"
    area.style.height = `${Math.min(area.scrollHeight, 160)}px`
  }, [draft.value])

  const write = (/** @type {string} */ text) => {
    draft.value = chat.draft.value = text
    if (text) chat.storage.set(key, text)
    else chat.storage.drop(key)
  }
  const add = async (/** @type {File[]} */ files) => {
    if (!files.length || !limits) return
    const tooMany = uploads.value.length + files.length > limits.uploads
    const tooLarge = files.some(file => file.size > limits.upload_bytes)
    problem.value = tooLarge ? t("A file may be at most {size}.", { size: fileSize(limits.upload_bytes) })
      : tooMany ? plural("At most {n} file in one message.", "At most {n} files in one message.", limits.uploads) : ""
    if (problem.value) return
    const { upload } = await import("./uploads.js")
    const token = chat.storage.get("token") ?? ""
    uploads.value = [...uploads.value, ...files.map(file => upload(file, token, () => { uploads.value = [...uploads.value] }))]
  }
  const remove = (/** @type {Upload} */ gone) => {
    gone.stop()
    uploads.value = uploads.value.filter(item => item !== gone)
    problem.value = ""
    field.current?.focus()
  }
  const busy = uploads.value.some(item => item.state === "sending")
  const broken = uploads.value.some(item => item.state === "failed")
  const empty = !draft.value.trim() && !uploads.value.length
  const tooLong = limits ? draft.value.length - limits.body : 0

  const send = () => {
    if (empty || busy || broken || tooLong > 0) return
    const attachments = uploads.value.map(item => item.done).filter(done => done !== null)
    for (const { done, preview } of uploads.value) if (done && preview) chat.previews.set(done.id, preview)
    chat.send(draft.value.trim(), attachments)
    uploads.value = []
    write("")
    field.current?.focus()
  }
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
    event.preventDefault()
    send()
  }
  const typed = (/** @type {InputEvent} */ event) => {
    write(/** @type {HTMLTextAreaElement} */ (event.currentTarget).value)
    chat.typed()
  }
  const pasted = (/** @type {ClipboardEvent} */ event) => {
    const files = [...(event.clipboardData?.files ?? [])]
    if (!files.length) return
    event.preventDefault()
    add(files)
  }
  const showFaces = async () => {
    Faces.value = Faces.value ? null : (await import("./emoji.js")).Faces
  }
  const hideFaces = () => {
    Faces.value = null
    field.current?.focus()
  }
  const insert = (/** @type {string} */ face) => {
    const area = /** @type {HTMLTextAreaElement} */ (field.current)
    area.setRangeText(face, area.selectionStart, area.selectionEnd, "end")
    write(area.value)
    hideFaces()
  }
  const picked = () => {
    const input = picker.current
    if (!input) return
    add([...(input.files ?? [])])
    input.value = ""
  }

  return html`
    <form class="composer" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); send() }}>
      ${uploads.value.length > 0 && html`
        <ul class="uploads" aria-label=${t("Files")}>
          ${uploads.value.map(item => html`<${UploadRow} key=${item.key} item=${{ ...item }} remove=${() => remove(item)} />`)}
        </ul>`}
      ${(problem.value || tooLong > 0) && html`
        <p class="problem" role="alert">${problem.value || plural("{n} character too many", "{n} characters too many", tooLong)}</p>`}
      ${Faces.value && html`<${Faces.value} html=${html} label=${t("Emoji")} pick=${insert} close=${hideFaces} />`}
      <div class="field">
        <button type="button" class="icon" aria-label=${t("Attach a file")} title=${t("Attach a file")} disabled=${!limits}
          onClick=${() => picker.current?.click()}><${Icon} name="clip" /></button>
        <input ref=${picker} type="file" multiple hidden onChange=${picked} />
        <textarea ref=${field} id="composer" rows="1" placeholder=${t("Write a message…")} aria-label=${t("Message")} enterkeyhint="send"
          value=${draft.value} onInput=${typed} onKeyDown=${pressed} onPaste=${pasted}></textarea>
        <button type="button" class="icon" aria-label=${t("Emoji")} title=${t("Emoji")} aria-expanded=${Faces.value ? "true" : "false"}
          onClick=${showFaces}><${Icon} name="face" /></button>
        <button type="submit" class="icon send" aria-label=${t("Send")} title=${t("Send")} aria-disabled=${empty || busy || broken || tooLong > 0 ? "true" : "false"}>
          <${Icon} name="send" />
        </button>
      </div>
    </form>`
}

/** @param {{ item: Upload, remove: () => void }} props */
function UploadRow({ item, remove }) {
  const { file, preview, state } = item
  return html`
    <li class=${state}>
      ${preview ? html`<img src=${preview} alt="" />` : html`<span class="kind" aria-hidden="true">${file.name.split(".").pop()?.slice(0, 4)}</span>`}
      <span class="about">
        <span class="file-name">${file.name}</span>
        ${state === "sending"
          ? html`<progress value=${item.progress} max="1" aria-label=${t("Uploading {name}", { name: file.name })}></progress>`
          : html`<span class="file-size">${state === "failed" ? t("Could not be uploaded") : fileSize(file.size)}</span>`}
      </span>
      <button type="button" class="icon small" aria-label=${t("Remove {name}", { name: file.name })} onClick=${remove}><${Icon} name="close" /></button>
    </li>`
}
