"""Workers that run a user's PyTorch model under an interpreter that has torch: converted, asked, made int8.

What they import of ours is errors, support, and each other.
"""
