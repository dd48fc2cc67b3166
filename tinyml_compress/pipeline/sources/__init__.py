"""Models as users name them; one file of `kinds/` per form, and nobody else asks which it is."""
