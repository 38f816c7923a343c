// Forms that few conversations need: questions before the chat, a message in its place, a rating. Loaded with the first of them.
// It imports nothing: the panel is one joined file, so a second copy of its modules would have a state of its own.

/** @import { Extras, Tools } from "./features.js" */

const STYLE = `
.messages:has(+ .before) { flex: 0 1 auto; max-height: 30%; }
.before { flex: 1; min-height: 0; overflow-y: auto; display: grid; align-content: start; gap: 14px; padding: 20px 16px; }
.before .check { grid-template-columns: auto 1fr; gap: 10px; align-items: start; font-weight: 400; }
.before .check input { width: 22px; height: 22px; margin: 1px 0 0; accent-color: var(--accent-text); }
.scores { display: flex; gap: 6px; }
.scores button { flex: 1; min-height: 44px; border: 1px solid var(--line-strong); border-radius: 12px; background: var(--surface); font-weight: 650; }
.scores button[aria-pressed="true"] { background: var(--accent); border-color: var(--accent); color: var(--accent-contrast); }
.ends { display: flex; justify-content: space-between; font-size: 12.5px; color: var(--text-muted); }
@media (forced-colors: active) { .scores button[aria-pressed="true"] { forced-color-adjust: none; background: Highlight; color: HighlightText; } }
`

/**
 * @param {Tools & {
 *   extras: () => Extras | null, ticketOf: () => any, answeredAndOver: () => boolean, introduced: { value: boolean },
 *   useCommand: (words?: Record<string, string>) => any, Problem: any,
 * }} tools
 */
export function forms(tools) {
  const { chat, html, useState, useEffect, signal, t, uuid, looksLikeEmail, focus, extras, ticketOf, answeredAndOver, introduced, useCommand, Problem } = tools
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]

  const rated = signal(/** @type {Record<string, number>} */ ({}))

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

  return { Introduction, MessageForm, Rating }
}
