"""`evaluate`: what a model answers on each engine, and its score."""
