// Sounds where a page of ours is open while this browser is rung; worker.js tells it.

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.addEventListener("message", event => { if (event.data === "ring") playSound() })
}

/** Three rising tones, made here: no file to load at night. */
function playSound() {
  const audio = new AudioContext()
  for (const [number, pitch] of [660, 880, 1175, 660, 880, 1175].entries()) {
    const tone = audio.createOscillator(), volume = audio.createGain()
    tone.frequency.value = pitch
    volume.gain.setValueAtTime(0.4, audio.currentTime + number * 0.25)
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + number * 0.25 + 0.24)
    tone.connect(volume).connect(audio.destination)
    tone.start(audio.currentTime + number * 0.25)
    tone.stop(audio.currentTime + number * 0.25 + 0.25)
  }
}
