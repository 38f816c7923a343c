"""A self-hosted support helpdesk."""
