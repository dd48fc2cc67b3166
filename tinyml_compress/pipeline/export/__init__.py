"""`export`: what a firmware project takes."""
