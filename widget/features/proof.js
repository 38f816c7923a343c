// A little work that lets a visitor go on who is over a limit: loaded only then, done in slices so that nothing stands still.

const SLICE = 12 // milliseconds of work before others get their turn

/** Solves a challenge and hands it in. @param {string} limit @param {(path: string, data: object) => Promise<any>} post @returns {Promise<boolean>} whether there is room now */
export async function prove(limit, post) {
  try {
    const { challenge, bits } = await post("challenge", { limit })
    await post("proof", { challenge, number: String(await solve(challenge, bits)) })
    return true
  } catch {
    return false
  }
}

/** The first number for which SHA-256 of the text, a dot and it begins with so many zero bits. @param {string} text @param {number} bits */
export async function solve(text, bits) {
  const encoder = new TextEncoder()
  for (let number = 0, until = Date.now() + SLICE; ; number++) {
    if (sha256(encoder.encode(`${text}.${number}`))[0] >>> (32 - bits) === 0) return number
    if (number % 64 === 0 && Date.now() > until) {
      await new Promise(done => setTimeout(done))
      until = Date.now() + SLICE
    }
  }
}

const [K, START] = constants()

/** FIPS 180-4; `crypto.subtle` is missing on pages without TLS, and a promise per hash would be slow. @param {Uint8Array} message @returns {Uint32Array} eight words */
export function sha256(message) {
  const length = message.length
  const padded = new Uint8Array((((length + 8) >> 6) + 1) << 6)
  padded.set(message)
  padded[length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 4, length * 8)
  const hash = Uint32Array.from(START)
  const w = new Uint32Array(64)
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + i * 4)
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15], b = w[i - 2]
      w[i] = w[i - 16] + w[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))
    }
    let [a, b, c, d, e, f, g, h] = hash
    for (let i = 0; i < 64; i++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0
    }
    for (const [i, part] of [a, b, c, d, e, f, g, h].entries()) hash[i] += part
  }
  return hash
}

/** @param {number} word @param {number} by */
function turn(word, by) {
  return (word >>> by) | (word << (32 - by))
}

/** The fractions of the roots of the first primes, as the standard defines them. */
function constants() {
  /** @type {number[]} */
  const primes = []
  for (let n = 2; primes.length < 64; n++) if (primes.every(prime => n % prime)) primes.push(n)
  const fraction = (/** @type {number} */ root) => ((root - Math.floor(root)) * 2 ** 32) >>> 0
  return [primes.map(prime => fraction(Math.cbrt(prime))), primes.slice(0, 8).map(prime => fraction(Math.sqrt(prime)))]
}
