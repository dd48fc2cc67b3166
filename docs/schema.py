"""The JSON Schema of every verb whose result is a type of `tinyml_compress/results`, written from that type.

python docs/schema.py            writes tinyml_compress/results/results.schema.json anew
python docs/schema.py --check    changes nothing, and ends in 1 when it is not up to date
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tinyml_compress.results import Result
from tinyml_compress.results.schema import definitions

FILE = Path(__file__).parents[1] / "tinyml_compress" / "results" / "results.schema.json"


def renewed(text: str) -> str:
    """The file with the definitions of today's types."""
    found: dict[str, Any] = json.loads(text)
    kinds: dict[str, list[type[Result]]] = {}
    for kind in Result.__subclasses__():
        kinds.setdefault(kind.verb, []).append(kind)
    for several in kinds.values():
        found["$defs"] |= definitions(*several)
    _index(found["$defs"]["result"], set(kinds))
    told = json.dumps(found)
    found["$defs"] = {
        name: part
        for name, part in found["$defs"].items()
        if name == "result" or f'"#/$defs/{name.replace(" ", "%20")}"' in told
    }
    found["$defs"] = dict(sorted(found["$defs"].items(), key=lambda pair: pair[0].lower()))
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _index(index: dict[str, Any], verbs: set[str]) -> None:
    """Which definition the result of each verb follows."""
    index["properties"]["verb"]["enum"] = sorted(verbs)
    index["allOf"] = [
        {
            "if": {"properties": {"verb": {"const": verb}}, "required": ["verb"]},
            "then": {"$ref": f"#/$defs/{verb.replace(' ', '%20')}"},
        }
        for verb in sorted(verbs)
    ]


def main() -> int:
    text = FILE.read_text(encoding="utf-8")
    now = renewed(text)
    if "--check" in sys.argv[1:]:
        if text != now:
            print(f"{FILE.name} is not what the types say: python docs/schema.py")
        return int(text != now)
    FILE.write_text(now, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
