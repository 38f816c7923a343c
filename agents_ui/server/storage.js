// Local storage that never throws: where the browser refuses it, things are kept for as long as the page lives.

/** @returns {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} */
function available() {
  try {
    const probe = "helpdesk.probe"
    localStorage.setItem(probe, "1")
    localStorage.removeItem(probe)
    return localStorage
  } catch {
    return inMemory()
  }
}

/** @returns {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} */
export function inMemory() {
  /** @type {Map<string, string>} */
  const kept = new Map()
  return {
    getItem: key => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, String(value)),
    removeItem: key => void kept.delete(key),
    key: index => [...kept.keys()][index] ?? null,
    get length() { return kept.size },
  }
}

export const storage = available()

/** @param {string} key @returns {any} */
export function remembered(key) {
  try {
    return JSON.parse(storage.getItem(key) ?? "null")
  } catch {
    return null
  }
}

/** @param {string} key @param {unknown} value null forgets */
export function remember(key, value) {
  try {
    if (value === null || value === undefined) storage.removeItem(key)
    else storage.setItem(key, JSON.stringify(value))
  } catch {
    // The disk is full: what was kept before stays.
  }
}
