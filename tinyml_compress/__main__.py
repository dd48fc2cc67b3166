"""`python -m tinyml_compress` is the command line."""

from tinyml_compress.cli import main

main()
