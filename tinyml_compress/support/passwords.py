"""Passwords in URLs: shown nowhere, and handed to other processes by their environment, which only this user
reads.
"""

from __future__ import annotations

import re

STORAGE_VARIABLE = "TINYML_COMPRESS_STORAGE"
"""Names the database of a search as `--storage` does, but in no list of processes and no shell's history."""

# To the last @: a password that was not escaped may hold one, or a slash.
_IN_FRONT = re.compile(r"(?P<scheme>\w[\w+.-]*://)(?P<user>[^\s:/@'\"]*):(?P<password>[^\s'\"]*)@")
_PARAMETER = re.compile(
    r"(?P<name>[?&;][\w.-]*(?:pass|pwd|secret|token|key)[\w.-]*=)[^\s&;#'\"]+", re.IGNORECASE
)


def hidden(text: str) -> str:
    """`text` with every password of a URL in it as ***."""
    shown = _IN_FRONT.sub(r"\g<scheme>\g<user>:***@", text)
    return _PARAMETER.sub(r"\g<name>***", shown)
