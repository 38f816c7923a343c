// What the chat keeps in its own origin: refused, full or partitioned storage must never break it.

/**
 * @typedef {{ get: (key: string) => any, set: (key: string, value: any) => void, drop: (key: string) => void, keys: () => string[] }} Keep
 */

/** Everything one inbox keeps, under one prefix; in memory when the browser refuses. @param {string} prefix @param {Storage | null} [store] @returns {Keep} */
export function keep(prefix, store = browserStorage()) {
  /** @type {Map<string, string>} */
  const memory = new Map()
  return {
    get(key) {
      try {
        return JSON.parse(memory.get(key) ?? store?.getItem(prefix + key) ?? "null")
      } catch {
        return null
      }
    },
    set(key, value) {
      const text = JSON.stringify(value)
      try {
        if (!store) throw new Error("no storage")
        store.setItem(prefix + key, text)
        memory.delete(key)
      } catch {
        memory.set(key, text)
      }
    },
    drop(key) {
      memory.delete(key)
      try { store?.removeItem(prefix + key) } catch { /* it was never kept */ }
    },
    keys() {
      const found = new Set(memory.keys())
      try {
        for (let i = 0; store && i < store.length; i++) {
          const key = store.key(i)
          if (key?.startsWith(prefix)) found.add(key.slice(prefix.length))
        }
      } catch { /* memory only */ }
      return [...found]
    },
  }
}

/** @returns {Storage | null} */
function browserStorage() {
  try {
    const store = globalThis.localStorage
    store.setItem("helpdesk:probe", "1")
    store.removeItem("helpdesk:probe")
    return store
  } catch {
    return null
  }
}
