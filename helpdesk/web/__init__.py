"""Server-rendered pages and static assets."""
