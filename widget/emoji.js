// A handful of emoji for keyboards that have none; loaded with the first look.

const FACES = "😀 😅 😂 🙂 😉 😊 😍 🤔 😐 🙄 😬 😢 😭 😡 😱 😴 👍 👎 👏 🙏 👋 💪 🤞 👌 ✌️ ❤️ 💚 🎉 ✨ 🔥 ⭐ ✅ ❌ ❓ ❗ 💡 ☕ 🎁 📦 🚚".split(" ")

/** `html` is the panel's own: a second copy of it would be loaded otherwise. @param {{ html: typeof import("../vendor/ui.js").html, label: string, pick: (face: string) => void, close: () => void }} props */
export function Faces({ html, label, pick, close }) {
  const moved = (/** @type {KeyboardEvent} */ event) => {
    const steps = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 })
    const box = /** @type {HTMLElement} */ (event.currentTarget)
    if (event.key === "Escape") {
      event.stopPropagation() // the chat itself stays
      return close()
    }
    if (!steps[event.key]) return
    event.preventDefault()
    const all = /** @type {HTMLElement[]} */ ([...box.children])
    const back = getComputedStyle(box).direction === "rtl" && event.key.length > 9 ? -1 : 1
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + steps[event.key] * back
    all[Math.max(0, Math.min(all.length - 1, at))].focus()
  }
  return html`
    <div class="faces" role="group" aria-label=${label} onKeyDown=${moved}
      ref=${(/** @type {HTMLElement | null} */ box) => box && !box.contains(document.activeElement) && /** @type {HTMLElement} */ (box.firstElementChild).focus()}>
      ${FACES.map((face, at) => html`<button type="button" key=${face} tabindex=${at ? -1 : 0} onClick=${() => pick(face)}>${face}</button>`)}
    </div>`
}
