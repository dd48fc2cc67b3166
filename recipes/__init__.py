"""Ready recipes; README.md has their grammar."""
