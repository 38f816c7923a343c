"""Ports for servers that a test begins by their number, and may stop and begin again."""

import itertools
import os
import socket

_LOWEST, _COUNT, _APART = 15_000, 17_000, 97
"""Below what systems give to connections and to whoever asks for any port: between looking for a port and
listening on it, or while its server is stopped, nobody else is given it."""

_numbers = (_LOWEST + number % _COUNT for number in itertools.count(os.getpid() * _APART))


def free_port() -> int:
    """Each is given once in a process, and processes begin far from each other."""
    return next(port for port in _numbers if is_free(port))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
