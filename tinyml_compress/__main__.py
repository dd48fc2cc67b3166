"""`python -m tinyml_compress` is the command line.

`python -m` puts the current folder before everything installed. What lies there is the user's data, so it is
taken off again before anything else is imported. Python itself has looked there for a few modules of its own
by then (`runpy`, `importlib`, ...): among files of strangers, `tinyml-compress` is the way to call the tool,
or `python -I -m`.
"""

from tinyml_compress.support.isolation import leave_current_folder

leave_current_folder()

from tinyml_compress.cli import main  # noqa: E402

main()
