// What the rota's pages gain with scripts on: dragging out an override, ringing in this browser.

for (const table of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-rota]"))) makeDraggable(table)
const push = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-push-key]"))
if (push && "serviceWorker" in navigator && "PushManager" in window) offerPush(push)
for (const chooser of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[data-into]"))) readFile(chooser)
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.addEventListener("message", event => { if (event.data === "ring") playSound() })
}

/**
 * A file instead of its pasted text.
 * @param {HTMLInputElement} chooser
 */
function readFile(chooser) {
  const area = /** @type {HTMLTextAreaElement | null} */ (document.getElementById(chooser.dataset.into ?? ""))
  chooser.hidden = false
  chooser.addEventListener("change", async () => {
    if (area && chooser.files?.[0]) area.value = await chooser.files[0].text()
  })
}

/**
 * From the cell pressed to the cell released: its times go into the override's form, which works without this.
 * @param {HTMLElement} table
 */
function makeDraggable(table) {
  const cells = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-local-start]")])
  /** @type {number | null} */
  let from = null

  table.addEventListener("pointerdown", event => {
    const at = indexAt(event)
    if (at === null || event.button !== 0) return
    from = at
    show(at, at)
  })
  addEventListener("pointermove", event => {
    if (from === null) return
    const at = indexAt(event)
    if (at !== null) show(Math.min(from, at), Math.max(from, at))
  })
  addEventListener("pointerup", () => {
    if (from === null) return
    from = null
    const picked = cells.filter(cell => cell.classList.contains("picked"))
    const start = picked[0]?.dataset.localStart, end = picked.at(-1)?.dataset.localEnd
    if (start && end) fillIn(start, end)
  })
  addEventListener("pointercancel", () => { from = null; show(1, 0) })

  /** @param {PointerEvent} event */
  function indexAt(event) {
    const under = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-local-start]")
    const at = under ? cells.indexOf(/** @type {HTMLElement} */ (under)) : -1
    return at < 0 ? null : at
  }

  /** @param {number} first @param {number} last */
  function show(first, last) {
    cells.forEach((cell, at) => cell.classList.toggle("picked", at >= first && at <= last))
  }
}

/** @param {string} start @param {string} end */
function fillIn(start, end) {
  const from = /** @type {HTMLInputElement | null} */ (document.querySelector("#override [name=start]"))
  const until = /** @type {HTMLInputElement | null} */ (document.querySelector("#override [name=end]"))
  if (!from || !until) return
  from.value = start
  until.value = end
  from.closest("section")?.scrollIntoView({ block: "center" })
  document.getElementById("person")?.focus()
}

/** @param {HTMLFormElement} form */
function offerPush(form) {
  form.hidden = false
  form.addEventListener("submit", async event => {
    if (field(form, "subscription").value) return
    event.preventDefault()
    delete form.dataset.sent
    const permission = await Notification.requestPermission()
    if (permission !== "granted") return
    const worker = await navigator.serviceWorker.register("/oncall/worker.js", { scope: "/" })
    await navigator.serviceWorker.ready
    const subscription = await worker.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: form.dataset.pushKey,
    })
    field(form, "subscription").value = JSON.stringify(subscription)
    field(form, "name").value = navigator.platform || "Web push"
    form.submit()
  })
}

/** @param {HTMLFormElement} form @param {string} name */
function field(form, name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name))
}

/** Three rising tones, made here: no file to load at night. */
function playSound() {
  const audio = new AudioContext()
  for (const [number, pitch] of [660, 880, 1175, 660, 880, 1175].entries()) {
    const tone = audio.createOscillator(), volume = audio.createGain()
    tone.frequency.value = pitch
    volume.gain.setValueAtTime(0.4, audio.currentTime + number * 0.25)
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + number * 0.25 + 0.24)
    tone.connect(volume).connect(audio.destination)
    tone.start(audio.currentTime + number * 0.25)
    tone.stop(audio.currentTime + number * 0.25 + 0.25)
  }
}
