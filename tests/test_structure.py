"""The rules of docs/design.md that a program can check: who imports whom, exports, what ships, sizes of
files.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tinyml_compress.ops import all_operators

REPO = Path(__file__).resolve().parents[1]
PACKAGE = REPO / "tinyml_compress"
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
FOLDERS = ("tinyml_compress", "tests", "calibration_data", "targets", "recipes", "benchmarks", "docs", ".ci")
STAGES = (
    "models",
    "hugging_face",
    "pytorch",
    "data",
    "techniques",
    "converter",
    "frontend",
    "passes",
    "streaming",
    "fusion",
    "plan",
    "codegen",
    "runners",
    "line",
    "rendering",
    "exporters",
)
# A room may import rooms of a smaller rank, and itself.
RANK = {
    "errors": 0,
    "_version": 0,
    "support": 1,
    "ir": 2,
    "csrc": 2,
    "results": 2,
    "evaluation": 3,
    "ops": 3,
    "devices": 3,
    "frontends": 3,
    "formats": 4,
    "schedule": 4,
    **dict.fromkeys(STAGES, 5),
    "search": 6,
    "pipeline": 7,
    "cli": 8,
    "__main__": 9,
    "__init__": 9,
}
FILES_WITH = Counter(
    word
    for folder in ("tinyml_compress", "tests", "benchmarks", "docs", "examples")
    for path in (REPO / folder).rglob("*.py")
    for word in set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
)
"""In how many files of Python a word stands."""
TENSORFLOW = ("tensorflow", "tf_keras", "keras", "tensorflow_model_optimization")
MAY_IMPORT_TENSORFLOW = ("techniques", "converter")  # all others ask support/backend.py


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def name(path: Path) -> str:
    return str(path.relative_to(REPO))


def imported(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Full names of what a module imports, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def of_ours(full_name: str) -> str | None:
    """The room that an import reaches, if it is one of ours."""
    parts = full_name.split(".")
    if parts[0] != "tinyml_compress":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in RANK else "__init__"


def test_every_room_has_a_rank() -> None:
    assert {room(path) for path in TREES} <= set(RANK)


def test_imports_point_downwards() -> None:
    wrong = [
        f"{name(path)}:{node.lineno}: {room(path)} may not import {full_name}"
        for path, tree in TREES.items()
        for node, full_name in imported(tree)
        if (other := of_ours(full_name)) and other != room(path) and RANK[other] >= RANK[room(path)]
    ]
    assert not wrong


def test_tensorflow_is_imported_late_and_in_few_rooms() -> None:
    wrong = []
    for path, tree in TREES.items():
        at_top = {id(node) for statement in tree.body for node in _outside_functions(statement)}
        for node, full_name in imported(tree):
            if full_name.split(".")[0] in TENSORFLOW and (
                room(path) not in MAY_IMPORT_TENSORFLOW or id(node) in at_top
            ):
                wrong.append(f"{name(path)}:{node.lineno}: {full_name}")
    assert not wrong


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        return
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _outside_functions(child)


def test_modules_say_what_they_are_for() -> None:
    wrong = [name(path) for path, tree in TREES.items() if tree.body and not ast.get_docstring(tree)]
    wrong += [
        name(path) for path, tree in TREES.items() if any(word.endswith(".*") for _, word in imported(tree))
    ]
    assert not wrong


def test_public_names_are_those_without_an_underscore() -> None:
    """A module has no list of its names: what begins with an underscore is its own and not imported, and a
    function that nobody else uses begins with one.
    """
    wrong = [f"{name(path)}: {fault}" for path, tree in TREES.items() for fault in _name_faults(path, tree)]
    assert not wrong


def _name_faults(path: Path, tree: ast.Module) -> Iterator[str]:
    for node, full_name in imported(tree):
        module, _, word = full_name.rpartition(".")
        is_module = (REPO / full_name.replace(".", "/")).with_suffix(".py").is_file()
        if of_ours(full_name) and word.startswith("_") and not (is_module or word == "__version__"):
            yield f"line {node.lineno}: {word} is a matter of {module}"
    if path.name == "__init__.py":
        return
    if any(_assigns_all(statement) for statement in tree.body):
        yield "__all__ says again what the underscores say"
    at_top = {
        part.id
        for statement in tree.body
        if not isinstance(statement, (ast.FunctionDef, ast.ClassDef))
        for part in ast.walk(statement)
        if isinstance(part, ast.Name)
    }
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and not statement.decorator_list:
            word = statement.name
            if word[0] != "_" and word not in at_top and FILES_WITH[word] == 1:
                yield f"{word} is used here alone, so call it _{word}"


def test_rooms_list_what_they_hand_on() -> None:
    """An `__init__.py` has names of other modules, and says which of them are meant to be taken from it."""
    wrong = [
        f"{name(path)}: {fault}"
        for path, tree in TREES.items()
        if path.name == "__init__.py"
        for fault in _export_faults(path, tree)
    ]
    assert not wrong


def _export_faults(path: Path, tree: ast.Module) -> Iterator[str]:
    exported = next((node.value for node in tree.body if _assigns_all(node)), None)
    if exported is None:
        own = {
            node.name
            for node in tree.body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
        }
        if own:
            yield f"no __all__, but it defines {sorted(own)}"
        return
    listed = ast.literal_eval(exported)
    if len(set(listed)) != len(listed):
        yield "__all__ names something twice"
    known = {
        word
        for node in ast.walk(tree)
        for word in (
            *(
                (alias.asname or alias.name for alias in node.names)
                if isinstance(node, ast.ImportFrom)
                else ()
            ),
            *((node.name,) if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else ()),
            *(target.id for target in _targets(node) if isinstance(target, ast.Name)),
        )
    }
    lazy = any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body)
    if not lazy and not set(listed) <= known:
        yield f"__all__ names what is not there: {set(listed) - known}"


def _assigns_all(node: ast.stmt) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in _targets(node))


def _targets(statement: ast.AST) -> list[ast.expr]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    return [statement.target] if isinstance(statement, ast.AnnAssign) else []


def test_folders_with_c_are_packages() -> None:
    """setuptools ships data of packages only."""
    bare = {path.parent for end in ("c", "h") for path in PACKAGE.rglob(f"*.{end}")}
    assert not [name(folder) for folder in bare if not (folder / "__init__.py").is_file()]


def text_files() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((REPO / folder).rglob("*")):
            if (
                path.is_file()
                and path.suffix in (".py", ".c", ".h", ".md", ".toml", ".ld", ".S", ".cfg", "")
                and ("__pycache__" not in path.parts)
            ):
                yield path
    yield from (
        path for path in REPO.iterdir() if path.is_file() and path.suffix in (".md", ".toml", ".cfg", ".py")
    )


def test_files_stay_readable() -> None:
    """Past 600 lines a file holds more than one idea; generated golden files are exempt."""
    long = {
        name(path): count
        for path in text_files()
        if path.suffix in (".py", ".c", ".h")
        and "golden" not in path.parts
        and (count := path.read_text().count("\n")) > 600
    }
    assert not long


def test_no_path_of_one_machine() -> None:
    pattern = re.compile(r"(?<![\w.~-])/(?:work|root|farm|opt)/[a-z.]")
    found = [
        f"{name(path)}:{number}"
        for path in text_files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found


NAMED = {
    "converter/floats.py": 7,  # advice to people, and what TensorFlow's converter leaves in float by chance
    "converter/splice.py": 1,  # makes nodes
    "formats/hybrid.py": 1,  # what an older runtime computes wrongly
    "devices/trust.py": 7,  # which operators the nets had that costs were fitted on
    "pipeline/board/calibration_nets.py": 16,  # makes nodes
    "passes/dense_pixels.py": 5,  # makes nodes
    "passes/keep_windows.py": 3,  # a variable's two nodes, which it makes one of, and what fills it at first
    "passes/single_channels.py": 3,  # makes nodes
    "models/keras3_ops.py": 1,  # a layer of Keras
    "streaming/weaving.py": 13,  # makes nodes
    "support/backend.py": 1,  # a part of names of environment variables
    "techniques/_beside.py": 1,  # layers of Keras
    "techniques/_dead.py": 1,
    "techniques/channels.py": 1,
}
"""Files outside the folders of operators that name some, and how often, with the reason. Who asks what an
operator is like asks a trait of it (`ops/base.py`), so that an addition touches one folder.
"""


def test_operators_are_named_in_their_folders_alone() -> None:
    names = set(all_operators())
    assert len(names) > 100
    folder = re.compile(r"tinyml_compress\.ops\.[a-z]\w*\.op\b")
    found: Counter[str] = Counter()
    for path, tree in TREES.items():
        place = path.relative_to(PACKAGE)
        if place.parts[0] == "ops" and len(place.parts) > 2:
            continue
        code = [statement for statement in tree.body if not _assigns_all(statement)]
        parts = [part for statement in code for part in ast.walk(statement)]
        words = [part.value for part in parts if isinstance(part, ast.Constant)]
        imports = {node.lineno for node, full_name in imported(tree) if folder.match(full_name)}
        found[place.as_posix()] = sum(word in names for word in words) + len(imports)
    assert +found == NAMED


def test_one_file_per_pass() -> None:
    files = [path for path in TREES if path.parent == PACKAGE / "passes" and not path.name.startswith("_")]
    assert len(files) > 5
    for path in files:
        functions = [node.name for node in TREES[path].body if isinstance(node, ast.FunctionDef)]
        assert [word for word in functions if word[0] != "_"] == [path.stem]


def test_nothing_is_there_for_tests_alone() -> None:
    """Functions and classes of the package are used in it, or by the programs beside it; tests/lib helps
    tests.
    """
    beside = (path for folder in ("benchmarks", "docs", "examples") for path in (REPO / folder).glob("*.py"))
    trees = [*TREES.values(), *(ast.parse(path.read_text()) for path in beside)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    used |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    used |= set(_strings(TREES[PACKAGE / "__init__.py"]))  # the API, which is loaded by name
    idle = [
        f"{name(path)}: {node.name}"
        for path, tree in TREES.items()
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name not in used
        if node.name[:2] != "__" and not (room(path) in ("cli", "rendering") and node.decorator_list)
    ]
    assert not idle


def _strings(tree: ast.AST) -> Iterator[str]:
    return (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


_EMPTY_WORDS = {"found", "made"}
"""All that a function looks for is found, all that it returns is made: such a name leaves the reader to find
out what the value is.
"""


def test_locals_say_what_they_are() -> None:
    """`found` is a word of errors (what was there instead): an argument that is handed on to one keeps it."""
    empty = {
        f"{name(path)}:{getattr(node, 'lineno', 0)} {word}"
        for path, tree in TREES.items()
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.Lambda))
        for node in ast.walk(function)
        for word in _EMPTY_WORDS & _bound(node)
        if name(path) != "tinyml_compress/errors.py"
    }
    assert not empty


def _bound(node: ast.AST) -> set[str]:
    """What a node of the tree gives a name to, but for what an error is told."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return {node.id}
    if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
        return set()
    uses = Counter(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
    told = Counter(
        part.arg
        for part in ast.walk(node)
        if isinstance(part, ast.keyword) and isinstance(part.value, ast.Name) and part.value.id == part.arg
    )
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    return {one.arg for one in arguments if uses[one.arg] != told[one.arg]}


def test_a_class_has_a_name_of_its_own() -> None:
    """One word for one thing; a name that begins with an underscore is its file's alone."""
    counts = Counter(
        node.name for tree in TREES.values() for node in tree.body if isinstance(node, ast.ClassDef)
    )
    twice = {word for word, count in counts.items() if count > 1 and not word.startswith("_")}
    assert not twice
