// For pages that speak Intercom's calls: Intercom("boot", …) and the rest, answered by Helpdesk.
(() => {
  const page = /** @type {any} */ (window)
  const help = (/** @type {any[]} */ ...call) => (page.Helpdesk ||= (/** @type {any[]} */ ...later) => (page.Helpdesk.q ||= []).push(later))(...call)
  /** @type {Record<string, Function>} */
  const listeners = {}
  for (const [ours, theirs] of Object.entries({ open: "onShow", close: "onHide", unread: "onUnreadCountChange" })) {
    addEventListener("helpdesk:" + ours, event => listeners[theirs]?.(/** @type {CustomEvent} */ (event).detail))
  }
  const known = ["app_id", "user_id", "email", "name", "avatar", "user_hash", "intercom_user_jwt", "hide_default_launcher", "language_override", "alignment", "action_color", "custom_launcher_selector"]

  /** Who it is, how it looks, and everything else as facts for the agents. @param {any} settings */
  function update(settings = {}) {
    const { user_id: id, email, name, avatar, intercom_user_jwt: jwt, hide_default_launcher, language_override, alignment, action_color } = settings
    if (id || email || jwt) help("identify", { id, email, name, avatar: avatar?.image_url ?? avatar, jwt })
    if (hide_default_launcher !== undefined) help(hide_default_launcher ? "hide" : "show")
    if (language_override) help("setLocale", language_override)
    if (alignment || action_color) help("setTheme", { ...(alignment && { side: alignment }), ...(action_color && { accent: action_color }) })
    const facts = Object.fromEntries(Object.entries(settings).filter(([key]) => !known.includes(key)))
    if (Object.keys(facts).length) help("setAttributes", facts)
  }

  /** @type {Record<string, (...given: any[]) => unknown>} */
  const calls = {
    boot: update,
    update,
    shutdown: () => help("logout"),
    show: () => help("open"),
    showMessages: () => help("open"),
    showNewMessage: text => help("open", text),
    hide: () => help("close"),
    trackEvent: (name, data) => help("track", name, data),
    onShow: listener => { listeners.onShow = listener },
    onHide: listener => { listeners.onHide = listener },
    onUnreadCountChange: listener => { listeners.onUnreadCountChange = listener; listener(page.Helpdesk?.unread ?? 0) },
  }
  const early = page.Intercom?.q ?? []
  page.Intercom = (/** @type {string} */ name, /** @type {any[]} */ ...given) => calls[name]?.(...given)
  if (page.intercomSettings) update(page.intercomSettings)
  for (const call of early) page.Intercom(...call)
})()
