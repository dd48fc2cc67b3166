"""`compress`: a recipe's stages, their guard and verdict."""
