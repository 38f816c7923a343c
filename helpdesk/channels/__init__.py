"""One module per way in and out."""
