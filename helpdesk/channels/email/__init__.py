"""Email in and out, without a database: read, thread, compose, listen, send."""
