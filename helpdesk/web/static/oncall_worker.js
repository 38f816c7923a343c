// Shows what is pushed to somebody on call; a tap opens the alert, an open page plays the sound.

/** @type {any} */
const worker = self // a service worker's own names are not among a page's

worker.addEventListener("push", (/** @type {any} */ event) => {
  const told = event.data?.json() ?? {}
  event.waitUntil(ring(told))
})

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close()
  event.waitUntil(worker.clients.openWindow(event.notification.data.url))
})

/** @param {{title?: string, body?: string, url?: string, key?: string, type?: string}} told */
async function ring(told) {
  for (const page of await worker.clients.matchAll({ includeUncontrolled: true })) page.postMessage("ring")
  await worker.registration.showNotification(told.title ?? "On call", {
    body: told.body ?? "",
    tag: told.key, // the same ring twice is shown once
    renotify: Boolean(told.key),
    requireInteraction: told.type === "alert",
    vibrate: [400, 150, 400, 150, 800],
    data: { url: told.url ?? "/oncall/alerts" },
  })
}
