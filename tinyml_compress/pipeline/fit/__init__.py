"""`fit`: the search for the smallest or fastest form that keeps to its limits."""
