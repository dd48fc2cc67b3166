"""The database of a study: its URL as documented, what is said when it does not open, and a password seen
nowhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lib.searches import job_of
from tinyml_compress.errors import MissingDependency, TinymlError, UsageError
from tinyml_compress.pipeline.fit.job import FitRequest
from tinyml_compress.pipeline.fit.result import Facts, result_of
from tinyml_compress.results import encoded
from tinyml_compress.search import storage
from tinyml_compress.search.study import Study
from tinyml_compress.support.passwords import hidden

WORDS = ("fit", "zoo:digits_cnn", "--data", "data:digits", "--target", "nucleo-l4r5zi", "--max-drop", "5")


@given(
    st.text(min_size=3).map(lambda text: quote(text.encode("utf-8", "replace"), "")),
    st.sampled_from(
        ["postgresql://me:{}@host:5432/db", "mysql+pymysql://:{}@h/x?a=b", "mysql://h/d?password={}&x=1"]
    ),
)
def test_no_password_of_a_url_is_seen(password: str, form: str) -> None:
    secret = "Sesame" + password
    shown = hidden(f"error near '{form.format(secret)}' and more")
    assert "Sesame" not in shown
    assert shown.startswith("error near '" + form.partition("://")[0])
    assert shown.endswith("' and more")


@pytest.mark.parametrize(
    "url", ["sqlite:///s.db", "sqlite:////abs/a:b/s.db", "postgresql://me@host/db", "a:b@c"]
)
def test_what_has_no_password_stays_as_it_is(url: str) -> None:
    assert hidden(url) == url


@pytest.mark.parametrize("raw", ["p@ss/w:rd@", "a/b", "@@"])
def test_a_password_that_was_not_escaped_is_hidden_too(raw: str) -> None:
    assert hidden(f"postgresql://me:{raw}@host/db") == "postgresql://me:***@host/db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_bare_scheme_means_the_driver_that_is_there(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it means to SQLAlchemy, which changed its mind in 2.1."""
    for there, expected in (({"psycopg", "psycopg2"}, "psycopg"), ({"psycopg2"}, "psycopg2")):
        monkeypatch.setattr(storage, "find_spec", lambda name, there=there: name if name in there else None)
        assert storage.with_driver(f"{scheme}://me:pw@h/d").drivername == f"postgresql+{expected}"
    assert storage.with_driver("postgresql+asyncpg://me:pw@h/d").drivername == "postgresql+asyncpg"
    assert storage.with_driver("sqlite:///x").drivername == "sqlite"


@pytest.mark.parametrize(
    ("scheme", "package"),
    [
        ("postgresql", "psycopg[binary]"),
        ("postgresql+psycopg2", "psycopg2-binary"),
        ("mysql", "pymysql"),
        ("mariadb", "pymysql"),
        ("mysql+pymysql", "pymysql"),
        ("mariadb+mysqldb", "mysqlclient"),
    ],
)
def test_a_missing_driver_is_named(scheme: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency) as caught:
        Study(f"{scheme}://me:sesame@host/db", "s")
    assert f"pip install '{package}'" in str(caught.value)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("nonsense sesame", UsageError),
        ("postgresql+psycopg2://me@host:sesame/db", UsageError),
        ("postgresql+psycopg2://me:x@sesame:80x/db", UsageError),
        ("nosuchbase://me:sesame@host/db", TinymlError),
        ("postgresql+psycopg2://me:sesame@127.0.0.1:1/db", TinymlError),
        ("postgresql+psycopg2://me@127.0.0.1:1/db?password=sesame", TinymlError),
    ],
)
def test_a_url_that_does_not_open(url: str, kind: type[TinymlError]) -> None:
    with pytest.raises(kind) as caught:
        Study(url, "s")
    said = str(caught.value)
    assert "sqlite:///PATH" in said
    assert "sesame" not in said


def test_a_search_s_file_for_its_workers_and_its_result_have_no_password(tmp_path: Path) -> None:
    job = job_of(
        "zoo:digits_cnn",
        "data:digits",
        tmp_path,
        max_drop=0.1,
        storage="mysql://me:sesame@host/db",
    )
    assert "sesame" not in job.to_text()
    assert "sesame" not in repr(job)
    assert FitRequest.from_text(job.to_text(), job.storage) == job
    found = encoded(result_of(job, "board", Facts(), (), tmp_path, 1.0))
    assert found["storage"] == "mysql://me:***@host/db"
    assert "sesame" not in json.dumps(found)


def test_the_study_in_the_output_folder_is_named_without_that_folder(tmp_path: Path) -> None:
    job = job_of("zoo:digits_cnn", "data:digits", tmp_path / "out", max_drop=0.1)
    assert str(tmp_path) in job.storage
    found = encoded(result_of(job, "board", Facts(), (), tmp_path / "out", 1.0))
    assert found["storage"] == "sqlite:///study.db"
    assert str(tmp_path) not in json.dumps(found)


@pytest.mark.parametrize("way", ["option", "variable"])
def test_the_verb_says_no_password_however_much_it_tells(way: str, tmp_path: Path) -> None:
    url = "postgresql+psycopg2://me:sesame@127.0.0.1:1/db"
    given = ["--storage", url] if way == "option" else []
    env = {**os.environ, "TINYML_COMPRESS_TRACEBACK": "1"} | (
        {} if given else {"TINYML_COMPRESS_STORAGE": url}
    )
    words = [sys.executable, "-m", "tinyml_compress", *WORDS, *given, "-vv", "-o", str(tmp_path / "out")]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert "cannot open the study's storage: postgresql+psycopg2://me:***@127.0.0.1:1/db" in done.stderr
    assert "sesame" not in done.stdout + done.stderr
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
