"""`benchmark`: a model on targets. One file of `kinds/` per kind; nobody else asks which it is."""
