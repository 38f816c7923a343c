// What a page gains with scripts on; each works without.

import { showLocalTimes } from "./local_times.js"

showLocalTimes(document)

// A second press while the first is on its way does nothing twice.
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", event => {
    if (form.dataset.sent) event.preventDefault()
    form.dataset.sent = "yes"
    form.querySelector("button[type=submit], button:not([type])")?.setAttribute("aria-busy", "true")
  })
}
// The part behind # never reaches the server; a form that leads back there takes it along.
for (const form of document.querySelectorAll("form[data-keep-place]")) {
  if (location.hash) form.setAttribute("action", form.getAttribute("action") + location.hash)
}

// Back in history: the page may be taken as it was, and must work again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form")) {
    delete form.dataset.sent
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy")
  }
})

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-open-chat]"))) {
  button.hidden = false
  button.addEventListener("click", () => chat("open"))
}

// A chat shown in administration begins as one on a website does, without taking the keyboard.
for (const frame of /** @type {NodeListOf<HTMLIFrameElement>} */ (document.querySelectorAll("iframe.widget-preview"))) {
  frame.addEventListener("load", () => {
    const { port1, port2 } = new MessageChannel()
    port1.start()
    frame.contentWindow?.postMessage({ helpdesk: { open: "quiet" } }, location.origin, [port2])
  })
  frame.src = frame.dataset.src ?? ""
}

// What is to be pasted elsewhere is copied by a button, where the browser lets it.
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-copies]"))) {
  button.hidden = !navigator.clipboard
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies ?? "")?.textContent ?? "")
    const words = /** @type {HTMLElement} */ (button.querySelector("span"))
    const usual = words.textContent
    words.textContent = button.dataset.copied ?? ""
    setTimeout(() => { words.textContent = usual }, 3000)
  })
}

// What a field may hold is put where one writes.
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-inserts]"))) {
  button.addEventListener("click", () => {
    const area = /** @type {HTMLTextAreaElement} */ (document.getElementById(button.dataset.into ?? ""))
    area.setRangeText(button.dataset.inserts ?? "", area.selectionStart, area.selectionEnd, "end")
    area.focus()
  })
}

// A chosen file becomes the text of a field, and is sent as such.
for (const chooser of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[type=file][data-read-into]"))) {
  chooser.addEventListener("change", async () => {
    const field = /** @type {HTMLTextAreaElement | null} */ (chooser.form?.elements.namedItem(chooser.dataset.readInto ?? ""))
    if (field && chooser.files?.[0]) field.value = await chooser.files[0].text()
  })
}

// Ctrl or Cmd and Enter sends, as in the workspace.
for (const area of document.querySelectorAll("textarea")) {
  area.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) area.form?.requestSubmit(area.form.querySelector("button:not([type])"))
  })
}

// On a phone the navigation is one line: it shows where one is.
const here = document.querySelector(".admin-nav [aria-current]")
const nav = here?.closest(".admin-nav")
if (here && nav) nav.scrollLeft += here.getBoundingClientRect().left - nav.getBoundingClientRect().left - nav.clientWidth / 3

document.querySelector("[aria-invalid=true]")?.scrollIntoView({ block: "center" })

/** @param {string} command */
function chat(command) {
  const page = /** @type {any} */ (window)
  page.Helpdesk ||= (/** @type {unknown[]} */ ...call) => (page.Helpdesk.q ||= []).push(call)
  page.Helpdesk(command)
}
