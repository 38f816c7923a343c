// The wall view draws itself anew every five seconds, until somebody says to wait.

const EVERY = 5_000
const button = /** @type {HTMLButtonElement | null} */ (document.querySelector("[data-pause]"))
let timer = setTimeout(again, EVERY)

button?.addEventListener("click", () => {
  const paused = button.getAttribute("aria-pressed") !== "true"
  button.setAttribute("aria-pressed", String(paused))
  clearTimeout(timer)
  if (!paused) again()
})

/** Only where the server answers: a wall keeps what it shows while the network is away. */
async function again() {
  try {
    const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" })
    if (answer.ok || answer.redirected) return location.reload()
  } catch {
    // tried again
  }
  timer = setTimeout(again, EVERY)
}
