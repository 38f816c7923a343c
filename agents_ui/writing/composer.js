// Where an agent writes: reply, note or forward, files, a draft that is never lost, sent by one key.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/ui.js"
import { action, canRun, hands, moveOn } from "../actions/actions.js"
import { calledBack, proposal } from "./answering.js"
import { useAttaching } from "./attaching.js"
import { answersMeanwhile, seenSoFar } from "./colleagues.js"
import { readDraft, writeDraft } from "./drafts.js"
import { EMPTY, draftOf, hasText, isStored, joined, plain, sidesOf, withAfter } from "./sides.js"
import { CTRL, Icon, Keys } from "../icons.js"
import { FormatBar, formatKey } from "./format_bar.js"
import { addressee, MailFields } from "./mail_fields.js"
import { Markdown, newLine, uploadsIn } from "./markdown.js"
import { Passed, UploadChip } from "./upload_chips.js"
import { dialog } from "../notices_store.js"
import { asMarkdown } from "./rich_paste.js"
import { BeforeSending, useSavedReplies } from "./saved_replies.js"
import { leftToFill } from "./slash.js"
import { canAnswer, pickTime, wayOf } from "./ways.js"
import { now } from "../server/server_time.js"
import { number, plural, t } from "../translation.js"
import { outbox } from "../actions/changes.js"
import { connection, me, neighbour } from "../stores.js"
import { takesWork } from "../availability.js"
import { sayTyping } from "../workspace.js"

/** @import { Draft, Forwarded, Kind } from "./drafts.js" */
/** @import { Side } from "./sides.js" */
/** @import { TicketStore } from "../ticket/ticket_store.js" */
/** @import { After, Answering, People, Ticket } from "../types.js" */

const LONGEST = 20_000

/** @param {{store: TicketStore, ticket: Ticket}} props mounted anew for each ticket */
export function Composer({ store, ticket }) {
  const [answerable, why, byMail] = canAnswer(ticket)
  const draft = useRef(readDraft(me.id, ticket.id)).current
  const [kind, setKind] = useState(/** @type {Kind} */ (draft?.kind ?? (answerable ? "message" : "note")))
  const [sides, setSides] = useState(() => sidesOf(draft))
  const followUp = kind === "message" && ticket.status === "closed"
  const { body, files, people } = sides[kind]
  const after = followUp ? null : sides[kind].after
  /** @param {(side: Side) => Partial<Side>} change @param {Kind} [on] */
  const write = (change, on = kind) => setSides(all => ({ ...all, [on]: { ...all[on], ...change(all[on]) } }))
  const setBody = (/** @type {string} */ text) => write(before => ({ body: text, after: text.trim() ? before.after : null }))
  const setPeople = (/** @type {People | null} */ to) => write(() => ({ people: to }))
  const [forwards, setForwards] = useState(/** @type {Forwarded | null} */ (draft?.forwards ?? null))
  const [proposed, setProposed] = useState(/** @type {Answering | null} */ (null))
  const [open, setOpen] = useState(false)
  const [preview, setPreview] = useState(false)
  const [warned, setWarned] = useState(0)
  const [sure, setSure] = useState("")
  const [over, setOver] = useState(false)
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null))
  const form = useRef(/** @type {HTMLFormElement | null} */ (null))
  const chooser = useRef(/** @type {HTMLInputElement | null} */ (null))
  /** Taken in the drawing itself, so that what is typed right after a key is written and presses nothing. */
  const focusNext = useRef("")
  const saved = useSavedReplies(ticket.id, field, setBody, reply => { if (takesWork) write(side => withAfter(side, reply)) })

  // What is written right now, outside the drawing: leaving the ticket must keep it, having sent it must not.
  const written = useRef(/** @type {Draft} */ ({ kind, body, uploads: [] }))
  written.current = draftOf(kind, sides, forwards)
  const keep = () => writeDraft(me.id, ticket.id, written.current)
  useEffect(() => {
    const timer = setTimeout(keep, 250)
    return () => clearTimeout(timer)
  }, [kind, sides, forwards])
  useEffect(() => {
    if (!byMail) return
    let here = true
    proposal(ticket.id).then(found => { if (here) setProposed(found) })
    return () => { here = false }
  }, [ticket.id, byMail, ticket.last_message_at])
  useLayoutEffect(() => {
    const back = calledBack.value
    if (back?.ticket !== ticket.id) return
    calledBack.value = null
    setKind(back.draft.kind)
    setForwards(back.draft.forwards ?? null)
    write(before => joined(back.draft, before), back.draft.kind)
    setOpen(back.draft.kind === "forward")
    field.current?.focus()
  }, [calledBack.value])
  useEffect(() => {
    addEventListener("pagehide", keep)
    return () => {
      removeEventListener("pagehide", keep)
      keep()
    }
  }, [])
  useLayoutEffect(() => {
    hands.write = wanted => {
      setOpen(false)
      setKind(wanted === "message" && !answerable ? "note" : wanted)
      setPreview(false)
      field.current?.focus()
      focusNext.current = "textarea"
    }
    hands.forward = message => {
      setKind("forward")
      setForwards(message)
      write(() => ({ people: { to: [], cc: [], bcc: [] } }), "forward")
      setOpen(true)
      focusNext.current = ".mail-field input"
    }
    hands.attach = () => chooser.current?.click()
    hands.savedReply = () => {
      setPreview(false)
      field.current?.focus()
      saved.open()
    }
    return () => {
      hands.write = () => {}
      hands.forward = () => {}
      hands.attach = () => {}
      hands.savedReply = () => {}
    }
  }, [answerable])
  useLayoutEffect(() => { if (field.current) grow(field.current) }, [body])
  useLayoutEffect(() => {
    if (focusNext.current) /** @type {HTMLElement | null | undefined} */ (form.current?.querySelector(focusNext.current))?.focus()
    focusNext.current = ""
  })

  const uploading = files.some(one => one.progress < 1 && !one.failed)
  const usable = files.filter(isStored)
  const tooLong = body.length - LONGEST
  const isCalm = body.length <= LONGEST * 0.9 && connection.state.value !== "offline"
  const isMail = kind === "forward" || (kind === "message" && byMail)
  const shown = people ?? { to: proposed?.to ?? [], cc: proposed?.cc ?? [], bcc: [] }
  const toNobody = kind === "message" && Boolean(proposed) && !people && !shown.to.length // a mail that named no sender
  const said = body.trim() !== "" || usable.length > 0 || (kind === "forward" && Boolean(forwards))
  const ready = said && !uploading && tooLong <= 0 && (kind !== "message" || answerable) && (!isMail || !people && kind !== "forward" || shown.to.length > 0) && !(isMail && toNobody)
  const answer = sides.message
  const begun = useRef(/** @type {import("./colleagues.js").Started | null} */ (null))
  if (!answer.body.trim() && !answer.files.length) begun.current = null
  else begun.current ??= { at: now(), seen: seenSoFar(store.items.value, ticket.held_replies ?? []) }
  const meanwhile = kind === "message" && begun.current ? answersMeanwhile(store.items.value, ticket.held_replies ?? [], begun.current, me.id) : []
  const left = leftToFill(body)
  const resolves = Boolean(after?.resolves) && kind !== "forward"
  const inText = isMail ? uploadsIn(body) : new Set()

  const insert = (/** @type {string} */ text, /** @type {Kind} */ on = kind) => {
    const area = field.current
    if (!area || written.current.kind !== on) return write(before => ({ body: `${before.body}\n${text}` }), on)
    area.focus()
    const isUnderALine = text.startsWith("![") && /[^\n]\n$/.test(area.value.slice(0, area.selectionStart)) // as of a table, or list
    area.setRangeText(isUnderALine ? `\n${text}` : text, area.selectionStart, area.selectionEnd, "end")
    setBody(area.value)
  }
  const { attach, remove } = useAttaching(files, kind, write, insert)
  const send = (/** @type {boolean} */ wished, /** @type {string | undefined} */ sendAt = undefined) => {
    if (!ready) return
    if (meanwhile.length > warned) return setWarned(meanwhile.length)
    if (left && left.mark !== sure) {
      setSure(left.mark)
      field.current?.focus()
      return field.current?.setSelectionRange(left.from, left.to)
    }
    const resolve = wished || resolves
    const back = kind === "message" ? "pending" : ticket.status // a reply waits for the contact
    const turns = resolve && kind !== "forward" ? { then: /** @type {const} */ ("resolved"), back, number: ticket.number } : {}
    const mail = isMail ? wayOf(ticket, kind, people, forwards, { send_at: sendAt, tags: after?.tags }) : undefined
    const tags = after?.tags.length && !mail ? [...ticket.tags, ...after.tags] : undefined
    outbox.add({ ticket: ticket.id, kind: kind === "note" ? "note" : "message", body: body.trim(), uploads: usable.map(plain), mail, tags, ...turns })
    clear()
    sayTyping(false)
    if (resolve) moveOn(ticket.id, neighbour(ticket.id, 1))
    else field.current?.focus()
  }
  const clear = () => {
    write(() => EMPTY)
    setForwards(null)
    setWarned(0)
    setSure("")
    setOpen(false)
    setPreview(false)
    if (kind === "forward") setKind(answerable ? "message" : "note")
    written.current = draftOf(kind, { ...sides, [kind]: EMPTY }, null)
    keep()
  }
  const sendLater = async () => {
    const at = await pickTime()
    if (at) send(false, at)
  }
  const put = (/** @type {import("./markdown.js").Field | null} */ after) => {
    const area = field.current
    if (!after || !area) return
    setBody(after.text)
    area.value = after.text
    area.focus()
    area.setSelectionRange(after.from, after.to)
  }
  const selected = () => {
    const area = /** @type {HTMLTextAreaElement} */ (field.current)
    return { text: area.value, from: area.selectionStart, to: area.selectionEnd }
  }
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (saved.onKey(event)) return
    const formatted = isMail ? formatKey(event, selected()) ?? (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.isComposing ? newLine(selected()) : null) : null
    if (formatted) {
      event.preventDefault()
      put(formatted)
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault()
      send(event.shiftKey)
    } else if (event.key === "Escape") {
      field.current?.blur()
      hands.focusList()
    }
  }
  const onPaste = (/** @type {ClipboardEvent} */ event) => {
    const pasted = event.clipboardData
    const rich = isMail && pasted ? asMarkdown(pasted.getData("text/html")) : null
    if (!rich && !pasted?.files.length) return
    event.preventDefault()
    if (rich) insert(rich)
    else attach(pasted?.files ?? [], isMail)
  }
  const onDrop = (/** @type {DragEvent} */ event) => {
    event.preventDefault()
    setOver(false)
    attach(event.dataTransfer?.files ?? [])
  }
  const name = addressee(ticket.contact, isMail ? shown.to : [])
  const note = kind === "note"
  const forward = kind === "forward"
  const label = note ? t("Write a note") : forward ? t("Forward") : t("Reply")
  return html`<form class="composer" ref=${form} data-kind=${kind} data-over=${over} data-begun=${Boolean(body) || files.length > 0 || open || kind === "forward"} aria-label=${label}
    onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); send(false) }}
    onDragOver=${(/** @type {DragEvent} */ event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); setOver(true) } }}
    onDragLeave=${() => setOver(false)} onDrop=${onDrop}>
    <div class="composer-head">
      <div class="switch" role="group" aria-label=${t("Reply or note")}>
        <button type="button" aria-pressed=${kind === "message"} data-begun=${hasText(answer)} disabled=${!answerable} onClick=${() => hands.write("message")} title=${why}><${Icon} name="corner-up-left" />${followUp ? t("Follow-up") : t("Reply")}<${Keys} keys=${action("reply").key} /></button>
        <button type="button" aria-pressed=${note} data-begun=${hasText(sides.note)} onClick=${() => hands.write("note")}><${Icon} name="sticky-note" />${t("Note")}<${Keys} keys=${action("note").key} /></button>
        ${forward && html`<button type="button" aria-pressed="true"><${Icon} name="arrow-right" />${t("Forward")}</button>`}
      </div>
      ${isMail && !preview && html`<${FormatBar} apply=${put} selected=${selected} />`}
      ${isMail && html`<button type="button" class="button quiet icon-only tiny" aria-pressed=${preview} disabled=${!body.trim()} onClick=${() => setPreview(!preview)} aria-label=${t("Preview")} title=${t("Preview")}><${Icon} name=${preview ? "pencil" : "eye"} /></button>`}
      ${!isMail && html`<span class="composer-to">${note ? t("Only agents see this") : why}</span>`}
    </div>
    ${followUp && isMail && html`<p class="composer-goes-on"><${Icon} name="lock" />${why}</p>`}
    ${isMail && html`<${MailFields} key=${kind} people=${shown} proposed=${forward ? null : proposed} change=${setPeople} open=${open || toNobody} setOpen=${setOpen} />`}
    ${preview && isMail ? html`<div class="composer-preview" tabindex="0" role="region" aria-label=${t("Preview")}><${Markdown} text=${body} files=${files} /></div>`
    : html`<textarea ref=${field} rows="2" value=${body} onKeyDown=${onKeyDown} onPaste=${onPaste} onFocus=${saved.load} onClick=${saved.look} onBlur=${saved.leave} ...${saved.attributes}
      aria-label=${note ? t("Note for other agents") : forward ? t("What to say to it") : t("Reply to {name}", { name })}
      placeholder=${note ? t("Write a note for other agents…") : forward ? t("Say something to it…") : t("Reply to {name}…", { name })}
      onInput=${(/** @type {Event} */ event) => { setBody(/** @type {HTMLTextAreaElement} */ (event.target).value); saved.look(); if (kind === "message") sayTyping(true) }}></textarea>`}
    ${isMail && proposed && html`<button type="button" class="composer-signature" title=${t("Change your signature")} onClick=${() => { dialog.value = { name: "signature", props: { changed: () => proposal(ticket.id).then(setProposed) } } }}>${proposed.signature.split("\n").map((line, index) => [index > 0 && " · ", line])}</button>`}
    ${forward && forwards && html`<${Passed} forwards=${forwards} change=${setForwards} />`}
    ${files.some(one => !inText.has(one.id)) && html`<ul class="uploads" aria-label=${t("Attachments")}>${files.filter(one => !inText.has(one.id)).map(one => html`<${UploadChip} key=${one.key} file=${one} remove=${() => remove(one.key)} />`)}</ul>`}
    ${saved.list}
    <${BeforeSending} left=${left} asks=${left?.mark === sure} after=${after} change=${(/** @type {After | null} */ to) => write(() => ({ after: to }))} />
    ${meanwhile.length > 0 && html`<p class="composer-meanwhile" role="alert"><${Icon} name="triangle-alert" /><span>${t("{name} answered while you were writing.", { name: meanwhile.at(-1) })} ${warned >= meanwhile.length && t("Send yours all the same?")}</span></p>`}
    <div class="composer-foot">
      <input type="file" multiple hidden ref=${chooser} onChange=${(/** @type {Event} */ event) => {
        const input = /** @type {HTMLInputElement} */ (event.target)
        attach(input.files ?? [])
        input.value = ""
      }} />
      <button type="button" class="button quiet icon-only" onClick=${hands.attach} aria-label=${t("Attach files")} title=${t("Attach files, or drop or paste them here")}><${Icon} name="paperclip" /></button>
      <button type="button" class="button quiet icon-only slash" disabled=${preview} onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${hands.savedReply} aria-keyshortcuts=${action("saved_reply").key} aria-label=${t("Insert a saved reply")} title=${t("Insert a saved reply, or type / at the beginning of a line")}>/</button>
      ${isMail && html`<button type="button" class="button quiet icon-only" disabled=${!ready} onClick=${sendLater} aria-label=${t("Send later")} title=${t("Send later")}><${Icon} name="clock" /></button>`}
      ${canRun(action("call_here")) && html`<button type="button" class="button quiet icon-only" onClick=${action("call_here").run} aria-keyshortcuts=${action("call_here").key} aria-label=${action("call_here").label()} title=${action("call_here").label()}><${Icon} name="phone-call" /></button>`}
      <span class="composer-state" role="status" data-calm=${isCalm}>${tooLong > 0 ? plural("{n} character too long", "{n} characters too long", tooLong)
        : connection.state.value === "offline" ? t("Not connected: kept, and sent by itself")
        : !isCalm ? t("{n} left", { n: number(-tooLong) })
        : body.trim() ? t("Draft saved") : ""}</span>
      ${forward ? html`<button type="button" class="button" onClick=${clear}>${t("Discard")}</button>`
        : !followUp && !resolves && html`<button type="button" class="button send-resolve" disabled=${!ready} onClick=${() => send(true)} title=${`${CTRL} ⇧ ↵`}><${Icon} name="check" /><span>${note ? t("Add & resolve") : t("Send & resolve")}</span></button>`}
      <button type="submit" class="button primary" disabled=${!ready}>${note ? resolves ? t("Add & resolve") : t("Add note") : forward ? t("Forward") : meanwhile.length && warned >= meanwhile.length ? t("Send anyway") : resolves ? t("Send & resolve") : t("Send")}<${Keys} keys=${`${CTRL} ↵`} /></button>
    </div>
    ${over && html`<div class="drop-here" aria-hidden="true"><${Icon} name="paperclip" />${t("Drop to attach")}</div>`}
  </form>`
}

/** Where the browser cannot size a field to its text. @param {HTMLTextAreaElement} field */
function grow(field) {
  if (CSS.supports("field-sizing", "content")) return
  field.style.height = "auto"
  field.style.height = `${field.scrollHeight}px`
}
