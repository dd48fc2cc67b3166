"""`inspect`: what is in a model."""
