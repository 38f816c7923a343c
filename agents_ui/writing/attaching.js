// Files on their way to the server while one writes: begun, watched, called off.

import { useEffect, useRef } from "../../vendor/ui.js"
import { reasonOf } from "../actions/changes.js"
import { RequestFailed, upload } from "../server/http.js"

/** @import { Kind } from "./drafts.js" */
/** @import { Side } from "./sides.js" */
/** @import { Upload } from "../types.js" */

const MOST_FILES = 10

/**
 * @param {Upload[]} files those there are
 * @param {Kind} kind what is written now: a file stays with what it was attached to
 * @param {(change: (side: Side) => Partial<Side>, on?: Kind) => void} write
 * @param {(text: string, on: Kind) => void} insert
 */
export function useAttaching(files, kind, write, insert) {
  const aborts = useRef(/** @type {Map<string, AbortController>} */ (new Map())).current
  useEffect(() => () => { for (const abort of aborts.values()) abort.abort() }, [])

  const attach = (/** @type {Iterable<File>} */ chosen, inline = false) => {
    for (const file of [...chosen].slice(0, MOST_FILES - files.length)) start(file, inline)
  }
  const start = (/** @type {File} */ file, /** @type {boolean} */ inline) => {
    const key = crypto.randomUUID()
    const abort = new AbortController()
    aborts.set(key, abort)
    write(({ files: before }) => ({ files: [...before, { key, id: "", name: file.name, size: file.size, content_type: file.type, progress: 0 }] }))
    const patch = (/** @type {Partial<Upload>} */ change) => write(({ files: before }) => ({ files: before.map(one => (one.key === key ? { ...one, ...change } : one)) }), kind)
    upload(file, share => patch({ progress: Math.min(0.99, share) }), abort.signal).then(
      stored => {
        patch({ ...stored, progress: 1 })
        if (inline && stored.content_type.startsWith("image/")) insert(`![${file.name.replace(/[[\]()]/g, "")}](upload:${stored.id})`, kind)
      },
      (/** @type {RequestFailed} */ error) => patch({ progress: 0, failed: reasonOf(error.code, error.message) }),
    )
  }
  const remove = (/** @type {string} */ key) => {
    aborts.get(key)?.abort()
    write(({ files: before }) => ({ files: before.filter(one => one.key !== key) }))
  }
  return { attach, remove }
}
