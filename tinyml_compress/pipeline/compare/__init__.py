"""`compare` and `verify`: models beside each other, and engines beside each other."""
