"""What lasts: tables, transactions, events, jobs and files."""
