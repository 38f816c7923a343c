// How typed words find what is meant.

/** Å finds a. @param {string} text */
export function fold(text) {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "")
}

/** @param {string} text @returns {string[]} */
export function wordsIn(text) {
  return fold(text).split(/\s+/).filter(Boolean)
}
