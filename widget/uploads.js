// Files on their way up: checked against the limits first, shown with progress, stopped when asked.

import { signal } from "../vendor/ui.js"

/** @import { Attachment } from "./outbox.js" */
/** @import { Signal } from "../vendor/ui.js" */
/** @typedef {{ key: string, file: File, preview: string | null, progress: Signal<number>, state: Signal<"sending" | "done" | "failed">, done: Attachment | null, stop: () => void }} Upload */

export const TOO_MANY = "too_many"
export const TOO_LARGE = "too_large"

/** Why these files may not be sent, if so. @param {{ size: number }[]} files @param {number} already @param {{ uploads: number, upload_bytes: number }} limits */
export function objection(files, already, limits) {
  if (already + files.length > limits.uploads) return TOO_MANY
  return files.some(file => file.size > limits.upload_bytes) ? TOO_LARGE : null
}

/** @param {File} file @param {string} token @param {() => void} changed @returns {Upload} */
export function upload(file, token, changed) {
  const request = new XMLHttpRequest() // fetch cannot tell how far it is
  const preview = /^image\/(png|jpeg|gif|webp|avif)$/.test(file.type) ? URL.createObjectURL(file) : null
  /** @type {Upload} */
  const item = {
    key: `${file.name}${file.size}${Math.random()}`,
    file,
    preview,
    progress: signal(0),
    state: signal(/** @type {"sending" | "done" | "failed"} */ ("sending")),
    done: null,
    stop: () => { request.abort(); if (preview) URL.revokeObjectURL(preview) },
  }
  const end = (/** @type {"done" | "failed"} */ state) => { item.state.value = state; changed() }
  request.upload.onprogress = event => { item.progress.value = event.loaded / (event.total || 1) }
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
