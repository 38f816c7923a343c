"""The command `helpdesk`: one module per group of commands."""

import sys

from helpdesk.cli.exit_codes import REFUSED, TEMPORARY_FAILURE


def main() -> None:
    """`mail receive` ends with a word of mail servers, come what may: for any other they return the mail to
    its sender, and be it for a typing error in their own configuration or an update half installed."""
    try:
        from helpdesk.cli.commands import main as commands  # noqa: PLC0415 - what cannot be imported is met here

        commands()
    except SystemExit as ended:
        if _receives_mail() and ended.code not in (None, 0, REFUSED):
            sys.exit(TEMPORARY_FAILURE)
        raise
    except Exception as failure:
        if _receives_mail():
            print(f"{type(failure).__name__}: {failure}", file=sys.stderr)
            sys.exit(TEMPORARY_FAILURE)
        raise


def _receives_mail() -> bool:
    return sys.argv[1:3] == ["mail", "receive"]
