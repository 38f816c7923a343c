// A website's own button that opens the chat: all that a site has to write.

for (const button of document.querySelectorAll("[data-opens-chat]")) {
  button.addEventListener("click", () => window.Helpdesk?.("open"))
}
