"""Work that follows after a commit."""
