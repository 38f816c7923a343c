// For pages that speak Chatwoot's calls: window.chatwootSDK and window.$chatwoot, answered by Helpdesk.
(() => {
  const page = /** @type {any} */ (window)
  const help = (/** @type {any[]} */ ...call) => (page.Helpdesk ||= (/** @type {any[]} */ ...later) => (page.Helpdesk.q ||= []).push(later))(...call)
  const { origin } = new URL(/** @type {HTMLScriptElement} */ (document.currentScript).src)
  const tell = (/** @type {string} */ name, /** @type {unknown} */ detail) => dispatchEvent(new CustomEvent("chatwoot:" + name, { detail }))
  const names = { "message:received": "on-message", open: "opened", close: "closed", error: "error" }
  for (const [ours, theirs] of Object.entries(names)) {
    addEventListener("helpdesk:" + ours, event => tell(theirs, /** @type {CustomEvent} */ (event).detail))
  }

  page.$chatwoot = {
    get isOpen() { return page.Helpdesk?.isOpen ?? false },
    toggle: (/** @type {string} */ state) => help(state === "open" || state === "close" ? state : "toggle"),
    toggleBubbleVisibility: (/** @type {string} */ state) => help(state === "hide" ? "hide" : "show"),
    setUser: (/** @type {string} */ id, /** @type {any} */ { email, name, avatar_url: avatar, jwt } = {}) =>
      help("identify", { id, email, name, avatar, jwt }),
    setCustomAttributes: (/** @type {object} */ values) => help("setAttributes", values),
    deleteCustomAttribute: (/** @type {string} */ name) => help("removeAttribute", name),
    setConversationCustomAttributes: (/** @type {object} */ values) => help("setConversationAttributes", values),
    deleteConversationCustomAttribute: (/** @type {string} */ name) => help("setConversationAttributes", { [name]: null }),
    setLabel: (/** @type {string} */ label) => help("addTag", label),
    removeLabel: (/** @type {string} */ label) => help("removeTag", label),
    setLocale: (/** @type {string} */ locale) => help("setLocale", locale),
    setColorScheme: (/** @type {string} */ scheme) => help("setTheme", { scheme }),
    popoutChatWindow: () => help("popout"),
    reset: () => help("logout"),
  }
  page.chatwootSDK = {
    run: (/** @type {any} */ { websiteToken }) => {
      if (!page.Helpdesk?.destroy && !document.querySelector(`script[src^="${origin}/widget.js"]`)) {
        const { position: side, locale, darkMode: theme, hideMessageBubble } = page.chatwootSettings ?? {}
        const script = document.createElement("script")
        Object.assign(script.dataset, { inbox: websiteToken, ...(side && { side }), ...(locale && { locale }), ...(theme && { theme }), ...(hideMessageBubble && { hidden: "" }) })
        script.src = page.trustedTypes
          ? page.trustedTypes.createPolicy("helpdesk", { createScriptURL: (/** @type {string} */ address) => address }).createScriptURL(origin + "/widget.js")
          : origin + "/widget.js"
        document.head.append(script)
      }
      addEventListener("helpdesk:ready", () => tell("ready", undefined), { once: true })
      if (page.Helpdesk?.destroy) tell("ready", undefined)
    },
  }
})()
