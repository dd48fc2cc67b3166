"""PULL_ROWS and PUSH_ROWS: rows that the caller of an inference gives and takes while it runs."""
