"""The database of a study by its URL: which driver opens it, and which package is missing where none does."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from tinyml_compress.errors import MissingDependency, UsageError
from tinyml_compress.support.passwords import hidden

FORMS = "sqlite:///PATH, postgresql://USER:PASSWORD@HOST/DATABASE, or another URL whose driver is installed"
# What a bare scheme means differs between SQLAlchemy 2.0 and 2.1; here it means the driver that is there.
# Scheme: SQLAlchemy's names of drivers, the best first, with their modules and the packages to install.
_DRIVERS = {
    "postgresql": {"psycopg": ("psycopg", "psycopg[binary]"), "psycopg2": ("psycopg2", "psycopg2-binary")},
    "mysql": {"pymysql": ("pymysql", "pymysql"), "mysqldb": ("MySQLdb", "mysqlclient")},
}
_ALSO_CALLED = {"postgres": "postgresql", "mariadb": "mysql"}


def with_driver(url: str) -> Any:
    """SQLAlchemy's URL of `url`, with a driver that is installed."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # From here on nobody knows which part is the password: neither the rest of it nor the cause is shown.
        raise UsageError(
            "not the URL of a database",
            which=f"{url.partition('://')[0]}://..." if "://" in url else "--storage",
            allowed=FORMS,
            next_step="signs such as @, / and : in a password are written as %40, %2F and %3A",
        ) from None
    scheme, _, driver = parsed.drivername.partition("+")
    scheme = _ALSO_CALLED.get(scheme, scheme)
    asked = {name: row for name, row in _DRIVERS.get(scheme, {}).items() if driver in ("", name)}
    if not asked:
        return parsed  # SQLAlchemy knows more of them
    for name, (module, _) in asked.items():
        if find_spec(module) is not None:
            return parsed.set(drivername=f"{scheme}+{name}")
    packages = [package for _, package in asked.values()]
    raise MissingDependency(
        "the driver of the study's database is not installed",
        which=hidden(url),
        allowed=" or ".join(packages),
        next_step=(
            f"pip install '{packages[0]}', or leave out --storage for an SQLite file in the output folder"
        ),
    )
