"""A living sample company to try the helpdesk with."""
