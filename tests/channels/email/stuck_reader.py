"""A reader process that misbehaves when a mail says so."""

import os
import sys

from helpdesk.channels.email import child_main
from helpdesk.channels.email.mail import Mail
from helpdesk.channels.email.reader import read


def misread(raw: bytes) -> Mail:
    while raw == b"hang" or b"Poison" in raw:
        pass
    if raw == b"die":
        os.abort()
    if raw == b"eat memory":
        bytearray(4 * 1024 * 1024 * 1024)
    if raw == b"raise":
        raise RuntimeError("not foreseen")
    return read(raw)


if __name__ == "__main__":
    child_main.read = misread
    child_main.main(int(sys.argv[1]), int(sys.argv[2]))
