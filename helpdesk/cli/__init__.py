"""The command `helpdesk`: one module per group of commands."""

from helpdesk.cli.commands import main

__all__ = ["main"]
