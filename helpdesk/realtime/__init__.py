"""What browsers hear and ask for over sockets."""
