"""Composes the stages, one file per job; the only room, with `search`, that may import several stages."""
