"""The rules of support work: no HTTP, no sockets, no SMTP, no commit."""
