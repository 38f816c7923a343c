// Forms that few conversations need: questions before the chat, a message in its place, a rating. Loaded with the first of them.
// It imports nothing: the panel is one joined file, so a second copy of its modules would have a state of its own.

/** @import { Extras, Tools } from "./features.js" */

const STYLE = `
.messages:has(+ .before) { flex: 0 1 auto; max-height: 30%; }
.before { flex: 1; min-height: 0; overflow-y: auto; display: grid; align-content: start; gap: 14px; padding: 20px 16px; }
.before .check { grid-template-columns: auto 1fr; gap: 10px; align-items: start; font-weight: 400; }
.before .check input { width: 22px; height: 22px; margin: 1px 0 0; accent-color: var(--accent-text); }
.before h2, .extra h2 { margin: 0; font-size: 15.5px; }
.before label, .card label { display: grid; gap: 4px; font-size: 14.5px; font-weight: 600; }
.before input:not([type="checkbox"]), .before select, .before textarea, .card input:not(.row input), .card select, .card textarea {
  width: 100%; min-height: 44px; padding: 9px 12px; border: 1px solid var(--line-strong); border-radius: 12px; background: var(--surface); color: var(--text); font: inherit; font-weight: 400; font-size: 16px;
}
.row { display: flex; gap: 8px; }
.row input { flex: 1; min-width: 0; height: 44px; padding: 0 12px; font-size: 16px; border: 1px solid var(--line-strong); border-radius: 12px; background: var(--surface); }
.row input[aria-invalid="true"] { border-color: var(--danger); }
.row input::placeholder { color: var(--text-muted); opacity: 1; }
.address { width: 100%; text-align: start; }
.actions .address { padding: 10px 2px 6px; }
.address label { display: block; margin-block-end: 6px; font-size: 14.5px; font-weight: 600; }
.pair { display: flex; flex-wrap: wrap; gap: 8px; }
.scores { display: flex; gap: 6px; }
.scores button { flex: 1; min-height: 44px; border: 1px solid var(--line-strong); border-radius: 12px; background: var(--surface); font-weight: 650; }
.scores button[aria-pressed="true"] { background: var(--accent); border-color: var(--accent); color: var(--accent-contrast); }
.ends { display: flex; justify-content: space-between; font-size: 12.5px; color: var(--text-muted); }
@media (forced-colors: active) { .scores button[aria-pressed="true"] { forced-color-adjust: none; background: Highlight; color: HighlightText; } }
`

/**
 * @param {Tools & {
 *   extras: () => Extras | null, ticketOf: () => any, answeredAndOver: () => boolean, introduced: { value: boolean }, woken: { value: string },
 *   post: (path: string, data: object) => Promise<any>,
 * }} tools
 */
export function forms(tools) {
  const { chat, html, useState, useEffect, signal, t, moment, uuid, looksLikeEmail, focus, extras, ticketOf, answeredAndOver, introduced, woken, post } = tools
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]

  const rated = signal(/** @type {Record<string, number>} */ ({}))

  /** Where writing goes on once a form has opened. @param {HTMLElement | null} field */
  const focused = field => field?.focus()

  /** A button that works once at a time and says what went wrong. @param {Record<string, string>} words for the codes of refusals */
  function useCommand(words = {}) {
    const [state, set] = useState({ busy: false, problem: "" })
    /** @param {string} path @param {object} data */
    const run = async (path, data) => {
      set({ busy: true, problem: "" })
      const answer = await post(path, data)
      const problem = answer.ok ? "" : words[answer.error] ?? (answer.error === "unavailable" ? t("No connection. Please try again.") : t("That did not work. Please try again."))
      set({ busy: false, problem })
      return answer.ok ? answer : null
    }
    return { ...state, run, complain: (/** @type {string} */ problem) => set({ busy: false, problem }) }
  }

  /** @param {{ text: string }} props */
  const Problem = ({ text }) => html`<p class="problem" role="alert">${text}</p>`

  function Introduction() {
    const told = /** @type {Extras} */ (extras())
    const { busy, problem, run, complain } = useCommand({ email_invalid: t("Please write an address like name@example.com"), phone_invalid: t("Please write a phone number like +46 70 123 45 67") })
    const send = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault()
      const form = /** @type {HTMLFormElement} */ (event.currentTarget)
      const given = new FormData(form)
      const answers = Object.fromEntries(told.fields.map(field => [field.key, String(given.get(field.key) ?? "").trim()]))
      const missing = told.fields.find(field => field.required && !answers[field.key])
      if (missing) {
        complain(t("Please fill in: {field}", { field: missing.label }))
        return /** @type {HTMLElement} */ (form.elements.namedItem(missing.key)).focus()
      }
      if (told.consent && !given.get("consent")) {
        complain(t("Please agree first, so that we may keep what you write."))
        return /** @type {HTMLElement} */ (form.elements.namedItem("consent")).focus()
      }
      const answer = await run("introduction", { answers, consent: Boolean(given.get("consent")) })
      if (!answer) return
      introduced.value = true
      chat.knows(answer.contact)
      focus()
    }
    return html`
      <form class="before" novalidate onSubmit=${send}>
        <h2>${t("Before we start")}</h2>
        ${told.fields.map(field => html`<label key=${field.key}><span>${field.label}${!field.required && html` <span class="quiet">${t("(optional)")}</span>`}</span>
          ${field.kind === "choice"
            ? html`<select name=${field.key}><option value="">${t("Please choose")}</option>${field.choices.map(one => html`<option key=${one}>${one}</option>`)}</select>`
            : html`<input name=${field.key} type=${{ email: "email", phone: "tel" }[field.kind] ?? "text"} required=${field.required}
                autocomplete=${{ name: "name", email: "email", phone: "tel" }[field.key] ?? "off"} maxlength="500" />`}</label>`)}
        ${told.consent && html`<label class="check"><input type="checkbox" name="consent" /><span>${told.consent.text}
          ${told.consent.link && html` <a href=${told.consent.link} target="_blank" rel="noopener noreferrer">${t("Read more")}</a>`}</span></label>`}
        ${problem && html`<${Problem} text=${problem} />`}
        <button type="submit" class="button" disabled=${busy}>${t("Start the chat")}</button>
      </form>`
  }

  function MessageForm() {
    const [number, done] = useState(0)
    const [id] = useState(uuid)
    const { busy, problem, run, complain } = useCommand({ too_many: t("That was a lot at once. Please wait a little."), blocked: t("This chat is closed to you. Please write us a mail instead.") })
    if (number) return html`<div class="before"><h2 role="status">${t("Thank you. Your message is number {number}.", { number })}</h2><p>${t("We answer by mail, and here.")}</p></div>`
    const send = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault()
      const form = /** @type {HTMLFormElement} */ (event.currentTarget)
      const given = Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value).trim()]))
      if (!looksLikeEmail(given.email) || !given.body) {
        complain(given.body ? t("Please write an address like name@example.com") : t("Please write a message."))
        return /** @type {HTMLElement} */ (form.elements.namedItem(given.body ? "email" : "body")).focus()
      }
      const answer = await run("form", { ...given, client_id: id })
      if (answer) done(answer.number)
    }
    const contact = chat.session.value?.contact
    return html`
      <form class="before" novalidate onSubmit=${send}>
        <h2>${t("Many people write to us right now")}</h2>
        <p>${t("Leave a message: we answer everybody, by mail.")}</p>
        <label>${t("Name")}<input name="name" autocomplete="name" maxlength="200" value=${contact?.name ?? ""} /></label>
        <label>${t("Email")}<input name="email" type="email" autocomplete="email" required value=${contact?.email ?? ""} /></label>
        <label>${t("Message")}<textarea name="body" rows="5" required maxlength="20000"></textarea></label>
        ${problem && html`<${Problem} text=${problem} />`}
        <button type="submit" class="button" disabled=${busy}>${t("Send")}</button>
      </form>`
  }

  /** Solved: how was it? */
  function Rating() {
    const ticket = ticketOf()
    const [score, choose] = useState(0)
    const [comment, write] = useState("")
    const { busy, problem, run } = useCommand()
    useEffect(() => { choose(0); write("") }, [ticket?.id])
    if (!ticket || !answeredAndOver()) return null
    if (rated.value[ticket.id] ?? ticket.rating) return html`<p class="quiet" role="status">${rated.value[ticket.id] ? t("Thank you for your opinion.") : ""}</p>`
    const send = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault()
      if (!(await run("rating", { ticket: ticket.id, score, comment }))) return
      rated.value = { ...rated.value, [ticket.id]: score }
      chat.happened("csat", { ticket: ticket.id, score })
      focus()
    }
    return html`
      <form class="card" onSubmit=${send}>
        <h2 id="how">${t("How were you helped?")}</h2>
        <div><div class="scores" role="group" aria-labelledby="how">
          ${[1, 2, 3, 4, 5].map(one => html`<button type="button" key=${one} aria-pressed=${score === one ? "true" : "false"} aria-label=${t("{n} of 5", { n: one })} onClick=${() => choose(one)}>${one}</button>`)}
        </div><div class="ends" aria-hidden="true"><span>${t("Badly")}</span><span>${t("Very well")}</span></div></div>
        ${score > 0 && html`
          <label>${t("What should we know?")}<textarea rows="2" maxlength="2000" value=${comment} onInput=${(/** @type {any} */ event) => write(event.currentTarget.value)}></textarea></label>
          ${problem && html`<${Problem} text=${problem} />`}
          <button type="submit" class="button" disabled=${busy}>${t("Send")}</button>`}
      </form>`
  }

  /** Escape puts away what was opened last, and only then the chat. @param {(() => void) | undefined} close */
  const putAway = close => (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || !close) return
    event.preventDefault()
    close()
    focus()
  }

  /** Where to write to somebody who leaves, or who wants a copy. @param {{ lead: string, saved?: () => void, close?: () => void }} props */
  function Address({ lead, saved, close }) {
    const [problem, complain] = useState("")
    const [busy, work] = useState(false)
    const id = saved ? "copy-to" : "email"
    useEffect(() => { if (saved) document.getElementById(id)?.focus() }, [])
    const save = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault()
      const field = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.currentTarget).elements.namedItem("email"))
      const email = field.value.trim()
      if (!looksLikeEmail(email)) {
        complain(t("Please write an address like name@example.com"))
        return field.focus()
      }
      work(true)
      const answer = await chat.leaveAddress({ email })
      work(false)
      if (!answer.ok) return complain(answer.error === "unavailable" ? t("No connection. Please try again.") : t("This address was not accepted."))
      saved?.()
    }
    return html`
      <form class="address" novalidate onSubmit=${save} onKeyDown=${putAway(close)}>
        <label for=${id}>${lead}</label>
        <div class="row">
          <input id=${id} name="email" type="email" autocomplete="email" inputmode="email" required placeholder=${t("you@example.com")}
            aria-invalid=${problem ? "true" : "false"} aria-describedby=${problem ? `${id}-problem` : undefined} />
          <button type="submit" class="button" disabled=${busy}>${saved ? t("Send") : t("Save")}</button>
        </div>
        ${problem && html`<p class="problem" id=${`${id}-problem`} role="alert">${problem}</p>`}
      </form>`
  }

  /** @param {{ ticket: any, slots: string[], close: () => void }} props */
  function Call({ ticket, slots, close }) {
    const { busy, problem, run } = useCommand({ phone_invalid: t("Please write a phone number like +46 70 123 45 67"), slot_not_offered: t("That time is gone. Please choose another.") })
    const send = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault()
      const given = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget))
      if (!(await run("callback", { ticket: ticket.id, number: given.get("number"), at: given.get("at") }))) return
      close()
      focus()
    }
    return html`
      <form class="card" novalidate onSubmit=${send} onKeyDown=${putAway(close)}>
        <label>${t("Your phone number")}<input name="number" type="tel" autocomplete="tel" required ref=${focused} /></label>
        <label>${t("When may we call?")}<select name="at">${slots.map(at => html`<option key=${at} value=${at}>${moment(new Date(at), new Date())}</option>`)}</select></label>
        ${problem && html`<${Problem} text=${problem} />`}
        <div class="pair"><button type="submit" class="button" disabled=${busy}>${t("Call me")}</button>
          <button type="button" class="button quiet" onClick=${() => { close(); focus() }}>${t("Cancel")}</button></div>
      </form>`
  }

  /** @param {{ ticket: any, close: () => void }} props */
  function Wake({ ticket, close }) {
    const { busy, problem, run, complain } = useCommand({ may_not_wake: t("Somebody is at work now: your message has been seen to.") })
    const send = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault()
      const form = /** @type {HTMLFormElement} */ (event.currentTarget)
      const reason = String(new FormData(form).get("reason")).trim()
      if (!reason) {
        complain(t("Please fill in: {field}", { field: t("What is down, in a sentence?") }))
        return /** @type {HTMLElement} */ (form.elements.namedItem("reason")).focus()
      }
      if (!(await run("wake", { ticket: ticket.id, reason, confirmed: true }))) return
      woken.value = ticket.id
      focus()
    }
    return html`
      <form class="card urgent" novalidate onSubmit=${send} onKeyDown=${putAway(close)}>
        <h2>${t("Wake the person on call?")}</h2>
        <p>${t("Your plan allows it at any hour. Their phone rings now, so please only for what cannot wait until morning.")}</p>
        <label>${t("What is down, in a sentence?")}<input name="reason" required maxlength="300" ref=${focused} /></label>
        ${problem && html`<${Problem} text=${problem} />`}
        <div class="pair"><button type="submit" class="button" disabled=${busy}>${t("Yes, wake someone")}</button>
          <button type="button" class="button quiet" onClick=${() => { close(); focus() }}>${t("No, it can wait")}</button></div>
      </form>`
  }

  const Woken = () => html`<p class="card" role="status">${t("Somebody is being woken now. Stay here: they answer in this chat.")}</p>`

  return { Introduction, MessageForm, Rating, Address, Call, Wake, Woken }
}
