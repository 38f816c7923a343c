// The launcher a website embeds: a button in a shadow root; the chat is a frame of our own origin, made on intent.
/** @import { Api, Heard, Listen, Look, Make, Told } from "./loader" */
((/** @type {Record<string, Look>} */ looks = {}) => { // the server puts in the colours of its inboxes
  const early = window.Helpdesk
  const script = /** @type {HTMLScriptElement} */ (document.currentScript || document.querySelector("[data-inbox]"))
  const { inbox = "", locale, theme, hidden, ...look } = script.dataset
  if (early?.destroy) { // frameworks that swap pages run scripts again
    if (early.inbox != inbox) early.fail(`one inbox on a page: ${early.inbox}, not ${inbox}`)
    return
  }
  const { origin } = new URL(script.src)
  const root = document.documentElement
  const phone = matchMedia("(max-width:480px),(max-height:480px)")
  const listeners = new EventTarget()
  const stop = new AbortController()
  /** @type {Told} */ const told = { locale: locale || root.lang, theme: { scheme: theme } }
  /** @type {any} */ let frame
  /** @type {any} */ let port
  /** @type {any} */ let before
  const tags = new Set()
  let unread = 0

  // The site's own storage holds only whether there is a chat to come back to, and its colours. Never a token.
  const key = "helpdesk:" + inbox
  /** @type {any} */ let known = {}
  try { known = JSON.parse(localStorage[key]) } catch { /* empty or refused */ }
  /** @param {object} [change] */
  const remember = change => {
    known = change ? { ...known, ...change } : {}
    try { localStorage[key] = JSON.stringify(known) } catch { /* private mode */ }
  }

  /** @type {Make} */
  const make = (name, attributes = {}, namespace = "http://www.w3.org/1999/xhtml") => {
    const node = document.createElementNS(namespace, name)
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
    return node
  }
  const svg = make("svg", { viewBox: "0 0 24 24" }, "http://www.w3.org/2000/svg")
  for (const d of ["M21 11.5a8.4 8.4 0 0 1-12.2 7.5L3 21l2-5.8A8.4 8.4 0 1 1 21 11.5Z", "m6 9 6 6 6-6"])
    svg.append(make("path", { d }, svg.namespaceURI))
  const host = make("helpdesk-widget")
  const button = make("button", { type: "button" })
  const badge = make("b")
  const closer = make("button", { type: "button", class: "x" }) // for as long as the frame says nothing
  const dialog = make("dialog")
  const status = make("p", { role: "status" })
  const shadow = host.attachShadow({ mode: "open" })
  button.append(svg, badge)
  closer.append("✕")
  dialog.append(closer)
  shadow.append(button, dialog, status)

  const sheet = new CSSStyleSheet()
  sheet.replaceSync(`:host{all:initial!important;display:contents!important}
button,dialog{position:fixed;z-index:var(--z);inset-inline:auto 20px;border:0;padding:0}
.left{inset-inline:20px auto}
button{inset-block-end:20px;width:56px;height:56px;border-radius:50%;background:var(--a);color:var(--on);box-shadow:0 4px 20px #0004;cursor:pointer}
button:focus-visible{outline:3px solid var(--on);outline-offset:-5px;box-shadow:0 0 0 3px var(--a)}
.x{position:absolute;inset-block:9px auto;inset-inline-end:9px;box-shadow:none}
svg{width:26px;margin:auto;display:block;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
path+path,.on path{opacity:0}.on path+path{opacity:1}
b{position:absolute;inset:-4px -4px auto auto;min-width:12px;padding:0 5px;border-radius:11px;background:#c8102e;color:#fff;font:600 13px/22px system-ui,sans-serif}
b:empty,[hidden]{display:none}
p{position:fixed;width:1px;overflow:hidden;clip-path:inset(50%)}
dialog{inset-block:auto 92px;margin:0;width:min(400px,100vw - 40px);height:min(680px,100vh - 116px);border-radius:16px;overflow:hidden;background:#8883;box-shadow:0 12px 48px #0004}
dialog::backdrop{background:none}
iframe{display:block;border:0;width:100%;height:100%;color-scheme:light dark}
@media ${phone.media}{dialog{inset:var(--top,0) 0 auto;width:100%;height:var(--high,100%);max-width:none;max-height:none;border-radius:0}}
@media(forced-colors:active){button,dialog{border:2px solid}}
@media print{:host{display:none!important}}`)
  shadow.adoptedStyleSheets = [sheet]

  const words = () => /^sv/.test(told.locale)
    ? ["Öppna chatten", "Stäng chatten", "Chatt", "olästa"] : ["Open chat", "Close chat", "Chat", "unread"]

  // Colours come by a hash of the inbox's key (FNV-1a).
  let hash = 0x811c9dc5
  for (let at = 0; at < inbox.length; at++) hash = Math.imul(hash ^ inbox.charCodeAt(at), 0x01000193)

  /** @param {Look} look */
  function dress({ accent, on, side, zIndex }) {
    for (const [name, value] of [["--a", accent], ["--on", on], ["--z", zIndex]]) if (value) host.style.setProperty(name, value)
    if (side) for (const part of [button, dialog]) part.classList.toggle("left", side == "left")
  }

  function label() {
    const { open } = dialog
    const news = unread && !open
    button.setAttribute("aria-label", words()[open ? 1 : 0] + (news ? `, ${unread} ${words()[3]}` : ""))
    button.setAttribute("aria-expanded", open)
    closer.setAttribute("aria-label", words()[1])
    button.classList.toggle("on", open)
    badge.textContent = news ? Math.min(unread, 99) : ""
  }

  /** Whoever is in another tab sees it there; in this one the badge is enough. */
  function entitle() {
    const title = document.title.replace(/^\(\d+\)\s/, "")
    const wanted = unread && document.hidden ? `(${unread}) ${title}` : title
    if (wanted != document.title) document.title = wanted
  }

  /** @param {string} name @param {unknown} [detail] */
  function emit(name, detail) {
    listeners.dispatchEvent(new CustomEvent(name, { detail }))
    dispatchEvent(new CustomEvent("helpdesk:" + name, { detail }))
  }

  /** @param {string} name @param {any} value */
  function tell(name, value) {
    Object.assign(told, { [name]: value })
    port?.postMessage([name, value])
  }

  const page = () => tell("page", location.origin + location.pathname)

  const address = () => `${origin}/widget/panel?${new URLSearchParams({ inbox, locale: told.locale })}`

  function load() {
    page()
    if (frame) return
    frame = make("iframe", { src: address(), title: words()[2], allow: "autoplay", hidden: "" })
    // One message to our exact origin hands over the end of a private channel; all else goes through that.
    frame.onload = () => {
      const channel = new MessageChannel()
      port = channel.port1
      port.onmessage = (/** @type {MessageEvent} */ { data: [name, value] }) => {
        if (frame.hidden) {
          frame.hidden = !(closer.hidden = true)
          if (told.open == true) frame.focus()
        }
        heard[/** @type {"event"} */ (name)]?.(value)
      }
      frame.contentWindow.postMessage({ helpdesk: told }, origin, [channel.port2])
      told.prefill = undefined
      // A panel that came has answered by then; a browser's page about a lost network never does.
      setTimeout(() => frame?.hidden && (unload(), dialog.open && load()), 5e3)
    }
    dialog.append(frame)
  }

  const invited = () => import(`${origin}/widget/invitations.js?inbox=${inbox}&locale=${told.locale}&${Date.now()}`)

  function unload() {
    frame?.remove()
    port?.close()
    frame = port = null
    closer.hidden = false
    told.logout = null
  }

  /** @type {Heard} */
  const heard = {
    close: () => api.close(),
    event: ([name, detail]) => emit(name, detail),
    theme: look => { remember(look); dress(look) },
    active: active => remember({ until: active && Date.now() + 6e8 }), // a week
    unread(count) {
      if (count > unread && !dialog.open) status.textContent = `${count} ${words()[3]}`
      if (count != unread) emit("unread", unread = count)
      label()
      entitle()
    },
    gone() { // in this tab or in another one
      api.close()
      remember()
      heard.unread(0)
      unload()
    },
  }

  /** @param {boolean} [quiet] leaves the focus where it is */
  function unfold(quiet) {
    load()
    if (!dialog.open) {
      before = /** @type {any} */ (shadow.activeElement || document.activeElement)
      fit()
      dialog[phone.matches ? "showModal" : "show"]()
      if (quiet) before.focus()
      changed()
    }
    if (!quiet) frame.focus()
    tell("open", quiet ? "quiet" : true)
  }

  /** @type {Api} */
  const api = {
    open(text) {
      if (text) tell("prefill", text)
      unfold()
    },
    close() {
      if (!dialog.open) return
      const inside = dialog.contains(shadow.activeElement)
      dialog.close()
      if (frame?.hidden) unload() // it never came: the next time it may
      if (inside) (before?.matches("body,iframe") ? button : before).focus() // where it came from
      tell("open", false)
      changed()
    },
    toggle() { api[dialog.open ? "close" : "open"]() },
    show() { button.hidden = false },
    hide() { button.hidden = true },
    identify(who) { tell("identify", who) },
    setAttributes(values) { tell("attributes", { ...told.attributes, ...values }) },
    setConversationAttributes(values) { api.setAttributes(values) },
    addTag(tag, how = "add") {
      tags[how](tag)
      api.setAttributes({ tags: [...tags].join() })
    },
    removeTag(tag) { api.addTag(tag, "delete") },
    track(name, data) { api.setAttributes({ [name]: JSON.stringify(data) || "yes" }) },
    removeAttribute(name) { api.setAttributes({ [name]: undefined }) },
    setLocale(locale) { tell("locale", locale); label() },
    setTheme(look) { tell("theme", { ...told.theme, ...look }); dress(look) },
    prefill(text) { load(); tell("prefill", text) },
    logout() {
      load() // what must be forgotten lies with the frame
      told.attributes = undefined
      tell("identify", undefined)
      tell("logout", true)
    },
    popout() {
      open(address(), "helpdesk", "popup,width=420,height=720")
      api.close()
    },
    fail(problem) {
      console.error("Helpdesk: " + problem)
      emit("error", problem)
    },
    destroy() {
      unload()
      stop.abort()
      watcher.disconnect()
      host.remove()
      delete window.Helpdesk
    },
    on(name, listener) { listeners.addEventListener(name, listener) },
    off(name, listener) { listeners.removeEventListener(name, listener) },
    get isOpen() { return dialog.open },
    get unread() { return unread },
    inbox,
  }

  function changed() {
    label()
    remember({ open: dialog.open })
    emit(dialog.open ? "open" : "close")
  }

  /** On a phone the chat fills what the keyboard leaves free. */
  function fit() {
    const view = window.visualViewport
    if (view) host.style.setProperty("--high", view.height + "px")
    if (view) host.style.setProperty("--top", view.offsetTop + "px")
  }

  /** @type {Listen} */
  const listen = (target, names, act) => {
    for (const name of names.split(" ")) target?.addEventListener(name, act, { signal: stop.signal })
  }
  listen(button, "click", api.toggle)
  listen(closer, "click", api.close)
  listen(button, "pointerenter focus", load)
  listen(shadow, "keydown", event => event.key == "Escape" && api.close())
  listen(dialog, "cancel", event => { event.preventDefault(); api.close() })
  listen(window.visualViewport, "resize scroll", fit)
  listen(/** @type {any} */ (window).navigation, "navigatesuccess", () => frame && page())
  listen(document, "visibilitychange", entitle)

  // Beside <body>, not in it: a framework that swaps the body leaves the chat alone.
  const stay = () => host.isConnected || root.append(host)
  const watcher = new MutationObserver(stay)

  function start() {
    stay()
    watcher.observe(root, { childList: true })
    if (hidden != null) api.hide()
    dialog.setAttribute("aria-label", words()[2])
    const own = looks[hash >>> 0]
    dress({ accent: "#2f55c7", on: "#fff", zIndex: "2147483000", ...(own || known), ...look })
    label()
    if (known.open && !phone.matches) unfold(true)
    else if (known.until > Date.now()) setTimeout(load, 999)
    else if ("invite" in look) invited().then(m => m.default({ key, shadow, told, api, invited }), stay)
    for (const call of early?.q || []) window.Helpdesk(...call)
    emit("ready")
  }

  window.Helpdesk = Object.defineProperties((/** @type {string} */ name, /** @type {any[]} */ ...values) => {
    const found = /** @type {any} */ (api)[name]
    return typeof found == "function" ? found(...values) : found
  }, Object.getOwnPropertyDescriptors(api))
  document.readyState == "loading" ? document.addEventListener("DOMContentLoaded", start) : start()
})()
