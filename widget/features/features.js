// Around the conversation: questions before the chat, offers, help pages, a call, a rating.

/**
 * @typedef {{
 *   fields: { key: string, label: string, kind: string, required: boolean, choices: string[] }[], consent: { text: string, link: string | null } | null,
 *   quick_replies: string[], articles: boolean, slots: string[], may_wake: boolean, form: boolean, can_mail: boolean,
 * }} Extras
 * @typedef {{
 *   chat: import("../chat.js").Chat, html: any, useState: any, useEffect: any, signal: any, t: typeof import("../translation.js").t,
 *   moment: typeof import("../translation.js").moment, linked: typeof import("../text.js").linked, uuid: () => string, over: Set<string>,
 *   offers: (text: string) => string[], looksLikeEmail: (text: string) => boolean, focus: () => void,
 *   computed: any, effect: any, formsModule: () => Promise<typeof import("./forms.js")>,
 * }} Tools
 */

const STYLE = `
.extra { display: grid; gap: 10px; padding: 4px 16px 10px; max-height: 64%; overflow-y: auto; }
.extra:empty { display: none; }
.extra .chips { display: flex; flex-wrap: wrap; gap: 8px; justify-content: flex-end; }
.chip { min-height: 40px; padding: 0 14px; border: 1px solid var(--accent-text); border-radius: 20px; background: var(--surface); color: var(--accent-text); font-size: 15px; }
.chip:hover { background: var(--surface-2); color: var(--text); }
.extra details { border: 1px solid var(--line); border-radius: 12px; background: var(--surface); font-size: 14.5px; }
.extra section { display: grid; gap: 6px; font-size: 14.5px; }
.extra summary { padding: 11px 12px; cursor: pointer; font-weight: 600; }
.extra details p { padding: 0 12px 12px; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 220px; overflow-y: auto; }
.extra .card { display: grid; gap: 8px; margin: 0; }
.button.urgent { padding-block: 10px; line-height: 1.25; }
.actions { display: flex; justify-content: center; gap: 4px; flex-wrap: wrap; }
.actions > button, .extra .link { min-height: 32px; padding: 2px 10px; border: 0; background: none; color: var(--text-muted); font-size: 13.5px; text-decoration: underline; }
.extra .urgent { border: 1px solid var(--danger); }
.actions .quiet { width: 100%; text-align: center; font-size: 13.5px; }
`

const HALF_AN_HOUR = 30 * 60_000

/** @param {Tools} tools */
export function features(tools) {
  const { chat, html, useState, useEffect, signal, computed, effect, t, moment, linked, over, offers, focus, formsModule } = tools
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]

  const introduced = signal(false)
  const forms = signal(/** @type {ReturnType<typeof import("./forms.js").forms> | null} */ (null))
  const expected = signal(/** @type {any} */ (null))
  const woken = signal("")

  const extras = () => /** @type {Extras | null} */ (/** @type {any} */ (chat.session.value)?.extras ?? null)
  const ticketOf = () => chat.tickets.value.find((/** @type {any} */ one) => one.id === chat.current.value)
  const asks = () => {
    const told = extras()
    return Boolean(told && !introduced.value && (told.fields.length || told.consent) && !chat.current.value)
  }
  const takesForms = () => Boolean(extras()?.form && !chat.current.value)
  const answeredAndOver = () => {
    const status = ticketOf()?.status
    return (status === "resolved" || status === "closed") && chat.lines.value.some((/** @type {any} */ line) => line.kind === "message" && !line.mine)
  }

  /** @param {string} path @param {object} data @returns {Promise<any>} */
  const post = (path, data) => chat.line.command(path, data)

  /** Buttons instead of typing: the inbox's own before the first message, an agent's below their last one. */
  function Offers() {
    const last = chat.lines.value.findLast((/** @type {any} */ line) => line.kind === "message")
    const choices = chat.current.value ? (last && !last.mine ? offers(last.text) : []) : chat.lines.value.length ? [] : extras()?.quick_replies ?? []
    if (!choices.length) return null
    return html`<div class="chips" role="group" aria-label=${t("Suggested answers")}>
      ${choices.map((/** @type {string} */ text) => html`<button type="button" class="chip" key=${text} onClick=${() => { chat.send(text, []); focus() }}>${text}</button>`)}</div>`
  }

  /** Help pages that fit what is being written. */
  function Articles() {
    const [found, show] = useState(/** @type {any[]} */ ([]))
    const text = chat.draft.value.trim()
    const wanted = Boolean(extras()?.articles) && !chat.current.value && text.length >= 4
    useEffect(() => {
      if (!wanted) return show([])
      let current = true
      const timer = setTimeout(async () => {
        const told = await chat.tabs.ask("articles", { q: text.slice(0, 300) })
        if (current && told.ok) show(told.items)
      }, 400)
      return () => { current = false; clearTimeout(timer) }
    }, [text, wanted])
    if (!wanted || !found.length) return null
    return html`<section aria-label=${t("Perhaps this helps")}>
      <p class="quiet">${t("Perhaps this helps")}</p>
      ${found.map((/** @type {any} */ one) => html`<details key=${one.id}><summary>${one.title}</summary><p>${linked(one.body).map((/** @type {any} */ part) => part.href
        ? html`<a href=${part.href} target="_blank" rel="noopener noreferrer">${part.text}</a>` : part.text)}</p></details>`)}</section>`
  }

  /** When a call is owed that was asked for in this conversation: it is in its log, so also after a reload. */
  const callAt = () => {
    const asked = chat.lines.value.findLast((/** @type {any} */ line) => line.notice === "CallbackRequested")
    const at = asked && new Date(asked.text)
    return at && at.getTime() > Date.now() - HALF_AN_HOUR ? at : null
  }

  /** Nobody has answered yet: the place in line, and ways not to wait. */
  function Waiting() {
    const ticket = ticketOf()
    const waits = Boolean(chat.visible.value && ticket && !over.has(ticket.status) && !chat.lines.value.some((/** @type {any} */ line) => line.kind === "message" && !line.mine))
    useEffect(() => {
      if (!waits) return
      const ask = async () => {
        const told = await chat.tabs.ask("expectations", {})
        if (told.ok) expected.value = told
      }
      void ask()
      const timer = setInterval(ask, 30_000)
      return () => clearInterval(timer)
    }, [waits, ticket?.id, chat.lines.value.length])
    const told = expected.value
    if (!ticket || !waits || !told) return null
    const called = callAt()
    return html`<${Place} told=${told} />
      ${woken.value === ticket.id ? html`<${Later} part="Woken" />` : told.may_wake && html`<${Offer} key=${`w${ticket.id}`} part="Wake" label=${t("Production down: wake someone")} urgent ticket=${ticket} />`}
      ${called && html`<p class="card" role="status">${t("We call you {when}.", { when: moment(called, new Date()) })}</p>`}
      ${told.slots.length > 0 && html`<${Offer} key=${`c${ticket.id}${called}`} part="Call" label=${called ? t("Another time") : t("Call me instead")} ticket=${ticket} slots=${told.slots} />`}`
  }

  /** @param {{ told: any }} props */
  function Place({ told }) {
    const { position, range_minutes: range } = told.queue
    const lines = []
    if (told.open && position !== null && position < 100) lines.push(position === 1 ? t("You are next.") : t("You are number {position} in line.", { position }))
    if (told.open && range) lines.push(t("Most people are answered within {low} to {high} minutes.", { low: range[0], high: range[1] }))
    return html`<p class="quiet" role="status">${lines.join(" ")}</p>`
  }

  /** A part of what is loaded later, once it is there. @param {{ part: keyof NonNullable<typeof forms.value>, [key: string]: any }} props */
  function Later({ part, ...props }) {
    useEffect(() => { void loadForms() }, [])
    const Part = forms.value?.[part]
    return Part && html`<${Part} ...${props} />`
  }

  /** A button that becomes a form when it is pressed. @param {{ part: string, label: string, urgent?: boolean, [key: string]: any }} props */
  function Offer({ part, label, urgent, ...props }) {
    const [open, toggle] = useState(false)
    useEffect(() => { if (open) void loadForms() }, [open])
    return open && forms.value
      ? html`<${Later} part=${part} close=${() => toggle(false)} ...${props} />`
      : html`<button type="button" class=${urgent ? "button quiet urgent" : "button quiet"} aria-busy=${open ? "true" : "false"} onClick=${() => toggle(true)}>${label}</button>`
  }

  /** Below the composer: a copy by mail, and the end. */
  function Actions() {
    const ticket = ticketOf()
    const [told, say] = useState("")
    const [sure, ask] = useState(false)
    const [asking, askAddress] = useState(false)
    useEffect(() => { say(""); ask(false); askAddress(false) }, [ticket?.id])
    if (!ticket) return null
    const copy = async () => {
      if (!chat.session.value?.contact?.email) return askAddress(true)
      const answer = await post("transcript", { ticket: ticket.id })
      if (answer.error === "address_missing") return askAddress(true)
      const why = /** @type {Record<string, string>} */ ({
        not_answered: t("It can be sent once somebody has answered."), too_many: t("It was sent several times today already."),
      })[answer.error ?? ""] ?? t("That did not work. Please try again.")
      say(answer.ok ? t("On its way to {email}.", { email: answer.email }) : why)
    }
    const end = async () => {
      askAddress(false)
      if (!sure) return ask(true)
      ask(false)
      if (!(await post("end", { ticket: ticket.id })).ok) say(t("That did not work. Please try again."))
    }
    const known = () => {
      askAddress(false)
      focus()
      void copy()
    }
    return html`<div class="actions">
      ${asking && html`<${Later} part="Address" lead=${t("Where may we send it?")} saved=${known} close=${() => askAddress(false)} />`}
      ${extras()?.can_mail && html`<button type="button" aria-expanded=${asking ? "true" : undefined} onClick=${asking ? () => askAddress(false) : copy}>${t("Send me a copy")}</button>`}
      ${!over.has(ticket.status) && html`<button type="button" onClick=${end}>${sure ? t("Yes, end it") : t("End chat")}</button>`}
      ${sure && html`<button type="button" onClick=${() => ask(false)}>${t("Go on")}</button>`}
      <span class="quiet" role="status">${told}</span></div>`
  }

  /** Solved, or asked before it begins: forms, which come with their texts when the first of them is needed. */
  const wanted = computed(() => chat.visible.value && (asks() || takesForms() || answeredAndOver()))
  effect(() => {
    if (wanted.value && !forms.peek()) void loadForms()
  })

  const loadForms = async () => {
    if (forms.peek()) return
    try {
      const module = await formsModule()
      forms.value ??= module.forms({ ...tools, extras, ticketOf, answeredAndOver, introduced, woken, post })
    } catch {
      setTimeout(loadForms, 3_000) // no network just now
    }
  }
  function Between() {
    return html`<div class="extra"><${Offers} /><${Articles} /><${Waiting} />${forms.value && html`<${forms.value.Rating} />`}</div>`
  }

  function Instead() {
    const form = forms.value && (takesForms() ? forms.value.MessageForm : forms.value.Introduction)
    return form && html`<${form} />`
  }

  return { Between, Instead, Actions, Later, standsInFor: () => asks() || takesForms() }
}
