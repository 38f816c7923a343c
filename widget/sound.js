// Two soft notes for a new answer, made on the spot: no file to load.

const NOTES = [[660, 0], [880, 0.12]]

export function chime() {
  try {
    const audio = new AudioContext()
    for (const [pitch, start] of NOTES) {
      const tone = audio.createOscillator()
      const volume = audio.createGain()
      const at = audio.currentTime + start
      tone.frequency.value = pitch
      volume.gain.setValueAtTime(0.0001, at)
      volume.gain.exponentialRampToValueAtTime(0.12, at + 0.02)
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.35)
      tone.connect(volume).connect(audio.destination)
      tone.start(at)
      tone.stop(at + 0.4)
    }
    setTimeout(() => audio.close(), 800)
  } catch { /* no sound here */ }
}
