// What the rota's pages gain with scripts on: dragging out an override, ringing in this browser.

const STEPS = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 })

makePickable(/** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-local-start]")]))
for (const list of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-rows]"))) makeRows(list)
// On a phone a week is wider than the screen: today is what is looked for.
for (const today of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".lanes thead .today"))) {
  const week = today.closest(".table-scroll")
  if (week) week.scrollLeft = today.offsetLeft - week.clientWidth / 2
}
document.querySelector(".preview")?.scrollIntoView() // what was asked for, also where the page is long
const push = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-push-key]"))
if (push && "serviceWorker" in navigator && "PushManager" in window) offerPush(push)
else document.querySelector("[data-push-missing]")?.removeAttribute("hidden")
for (const chooser of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[data-into]"))) readFile(chooser)

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
 * From the day pressed to the day released, or by Shift and arrows: its times go into the override's form, which
 * works without this.
 * @param {HTMLElement[]} days of every week shown
 */
function makePickable(days) {
  /** @type {number | null} */
  let from = null
  let dragging = false
  for (const [at, day] of days.entries()) {
    day.tabIndex = at ? -1 : 0
    day.addEventListener("pointerdown", event => {
      if (event.button !== 0) return
      dragging = true
      show(from = at, at)
    })
    day.addEventListener("keydown", event => byKeys(event, at))
  }
  addEventListener("pointermove", event => {
    const under = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-local-start]")
    const at = under ? days.indexOf(/** @type {HTMLElement} */ (under)) : -1
    if (dragging && from !== null && at >= 0) show(from, at)
  })
  addEventListener("pointerup", () => {
    if (dragging) take()
    dragging = false
  })
  addEventListener("pointercancel", () => {
    dragging = false
    show(1, 1, false)
  })

  /** Arrows go from day to day, with Shift they mark, Enter takes what is marked. @param {KeyboardEvent} event @param {number} at */
  function byKeys(event, at) {
    const to = at + (STEPS[event.key] ?? 0)
    if (event.key === "Enter") {
      if (!days[at].classList.contains("picked")) show(at, at)
      take()
    } else if (event.key in STEPS && days[to]) {
      if (event.shiftKey) show(from ??= at, to)
      else show(from = to, to, false)
      days[at].tabIndex = -1
      days[to].tabIndex = 0
      days[to].focus()
    } else return
    event.preventDefault()
  }

  /** @param {number} one @param {number} other @param {boolean} [marked] */
  function show(one, other, marked = true) {
    const first = Math.min(one, other), last = Math.max(one, other)
    days.forEach((day, at) => day.classList.toggle("picked", marked && at >= first && at <= last))
  }

  function take() {
    const picked = days.filter(day => day.classList.contains("picked"))
    const start = picked[0]?.dataset.localStart, end = picked.at(-1)?.dataset.localEnd
    if (start && end) fillIn(start, end)
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

/**
 * A list that grows: rows are added, moved up and removed, and their fields numbered in order.
 * @param {HTMLElement} list
 */
function makeRows(list) {
  const rows = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-row]")])
  const add = /** @type {HTMLButtonElement | null} */ (document.querySelector(`[data-add-row="${list.id}"]`))
  const last = rows().at(-1)
  if (!add || !last) return
  const blank = /** @type {HTMLElement} */ (last.cloneNode(true))
  if (rows().length > 1) last.remove() // the empty row is for readers without scripts
  rows().forEach(prepare)
  number()
  add.hidden = false
  add.addEventListener("click", () => {
    const row = /** @type {HTMLElement} */ (blank.cloneNode(true))
    prepare(row)
    list.append(row)
    number()
    first(row)?.focus()
  })

  /** @param {HTMLElement} row */
  function prepare(row) {
    const up = /** @type {HTMLButtonElement | null} */ (row.querySelector("[data-row-up]"))
    const remove = /** @type {HTMLButtonElement} */ (row.querySelector("[data-row-remove]"))
    remove.hidden = false
    remove.addEventListener("click", () => {
      const next = row.nextElementSibling ?? row.previousElementSibling
      if (rows().length > 1) row.remove()
      else for (const one of fields(row)) one.value = ""
      number()
      ;(first(/** @type {HTMLElement | null} */ (next)) ?? add)?.focus()
    })
    up?.addEventListener("click", () => {
      row.previousElementSibling?.before(row)
      number()
      ;(up.hidden ? first(row) : up)?.focus()
    })
  }

  function number() {
    rows().forEach((row, at) => {
      for (const one of /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll("[data-numbered]"))) {
        const name = (one.dataset.numbered ?? "").replace("#", String(at))
        if (one instanceof HTMLLabelElement) one.htmlFor = name
        else Object.assign(one, { id: name, name })
      }
      for (const one of /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll("[data-row-title]"))) {
        one.textContent = (one.dataset.rowTitle ?? "").replace("#", String(at + 1))
      }
      const up = /** @type {HTMLButtonElement | null} */ (row.querySelector("[data-row-up]"))
      if (up) up.hidden = at === 0
    })
  }
}

/** @param {HTMLElement | null} row */
function first(row) {
  return row ? fields(row)[0] : undefined
}

/** @param {HTMLElement} row */
function fields(row) {
  return /** @type {(HTMLSelectElement | HTMLInputElement)[]} */ ([...row.querySelectorAll("select, input")])
}

/** @param {HTMLFormElement} form */
function offerPush(form) {
  const trouble = /** @type {HTMLElement} */ (form.querySelector("[data-push-trouble]"))
  form.hidden = false
  form.addEventListener("submit", async event => {
    if (field(form, "subscription").value) return
    event.preventDefault()
    delete form.dataset.sent
    trouble.textContent = ""
    try {
      if (await Notification.requestPermission() !== "granted") {
        trouble.textContent = form.dataset.refused ?? ""
        return
      }
      field(form, "subscription").value = JSON.stringify(await subscribed(form.dataset.pushKey ?? ""))
      field(form, "name").value = navigator.platform || "Web push"
      form.submit()
    } catch {
      trouble.textContent = form.dataset.failed ?? "" // offline, or a browser without a push service of its own
    }
  })
}

/** @param {string} key of ours, which the push service lets nobody else ring by */
async function subscribed(key) {
  const worker = await navigator.serviceWorker.register("/oncall/worker.js", { scope: "/" })
  await navigator.serviceWorker.ready
  return worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
}

/** @param {HTMLFormElement} form @param {string} name */
function field(form, name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name))
}
