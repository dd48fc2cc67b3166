"""Folders of `transformers`: read and checked here, loaded and changed by workers that have torch.

What those import of ours is errors, support, and the modules here that know torch.
"""
