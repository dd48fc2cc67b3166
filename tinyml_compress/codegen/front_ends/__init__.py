"""Kinds of front ends as C, each a file found here by its `KIND`."""
