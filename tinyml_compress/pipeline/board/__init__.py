"""`measure`: a model on a board at a serial line."""
