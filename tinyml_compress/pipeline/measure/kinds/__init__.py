"""The kinds of targets: a module here is one, by its `TARGET`; nothing is registered."""
