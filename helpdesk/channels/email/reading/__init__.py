"""The parts of reading: headers, charsets, addresses, the MIME tree, bodies, and what they mean."""
