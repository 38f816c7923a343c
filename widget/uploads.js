// A file on its way up, with progress, stopped when asked; loaded with the first file.

/** @import { Attachment } from "./outbox.js" */
/** @typedef {{ key: string, file: File, preview: string | null, progress: number, state: "sending" | "done" | "failed", done: Attachment | null, stop: () => void }} Upload */

/** `changed` is called for every step on the way. @param {File} file @param {string} token @param {() => void} changed @returns {Upload} */
export function upload(file, token, changed) {
  const request = new XMLHttpRequest() // fetch cannot tell how far it is
  const preview = /^image\/(png|jpeg|gif|webp|avif)$/.test(file.type) ? URL.createObjectURL(file) : null
  /** @type {Upload} */
  const item = {
    key: `${file.name}${file.size}${Math.random()}`,
    file,
    preview,
    progress: 0,
    state: "sending",
    done: null,
    stop: () => { request.abort(); if (preview) URL.revokeObjectURL(preview) },
  }
  const end = (/** @type {"done" | "failed"} */ state) => { item.state = state; changed() }
  request.upload.onprogress = event => { item.progress = event.loaded / (event.total || 1); changed() }
  request.onerror = request.ontimeout = () => end("failed")
  request.onload = () => {
    if (request.status >= 300) return end("failed")
    try { item.done = JSON.parse(request.responseText) } catch { return end("failed") }
    end("done")
  }
  const form = new FormData()
  form.append("file", file)
  request.open("POST", "/widget/uploads")
  request.setRequestHeader("Authorization", `Bearer ${token}`)
  request.send(form)
  return item
}
