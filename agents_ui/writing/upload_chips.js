// The files that go along with what is written, and the message that is passed on.

import { html } from "../../vendor/ui.js"
import { Icon } from "../icons.js"
import { sizeText } from "../ticket/message.js"
import { t } from "../translation.js"

/** @import { Forwarded } from "./drafts.js" */
/** @import { Upload } from "../types.js" */

/** @param {{file: Upload, remove: () => void}} props */
export function UploadChip({ file, remove }) {
  return html`<li class="upload" data-failed=${Boolean(file.failed)}><${Icon} name=${file.content_type.startsWith("image/") ? "image" : "file-text"} />
    <span class="file-name">${file.name}</span>
    ${file.failed ? html`<span class="upload-failed" role="alert">${file.failed}</span>` : html`<span class="file-size">${sizeText(file.size)}</span>`}
    ${file.progress < 1 && !file.failed && html`<progress value=${file.progress} max="1" aria-label=${t("Uploading {name}", { name: file.name })}></progress>`}
    <button type="button" class="button quiet icon-only tiny" onClick=${remove} aria-label=${t("Remove {name}", { name: file.name })}><${Icon} name="x" /></button></li>`
}

/** The message that goes along, and those of its files that do. @param {{forwards: Forwarded, change: (forwards: Forwarded) => void}} props */
export function Passed({ forwards, change }) {
  return html`<ul class="uploads" aria-label=${t("What is passed on")}><li class="upload passed"><${Icon} name="mail" /><span class="file-name">${t("Message from {name}", { name: forwards.name })}</span></li>
    ${forwards.files.map(file => html`<${UploadChip} key=${file.id} file=${{ ...file, progress: 1, key: file.id }} remove=${() => change({ ...forwards, files: forwards.files.filter(one => one.id !== file.id) })} />`)}</ul>`
}
