"""Administration: one module per section, all of them in the shell's one table."""
