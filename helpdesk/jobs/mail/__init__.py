"""Mail at work: fetched, read, answered, sent, and watched."""
