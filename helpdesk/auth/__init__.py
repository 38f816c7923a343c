"""A credential becomes an Actor."""
