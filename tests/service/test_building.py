"""The package is built by its own setup.py also where the compiler fails: `monitor doctor` then says so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytest.importorskip("Cython", reason="Cython builds the native index")


def test_without_a_working_compiler_the_package_is_built_without_the_native_index(tmp_path):
    (tmp_path / "monitor" / "matching").mkdir(parents=True)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tmp_path)
    for file in (ROOT / "monitor" / "matching").glob("*.p[yx][xd]"):
        shutil.copy(file, tmp_path / "monitor" / "matching")
    ended = subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_ext", "--build-lib", "made"],
        cwd=tmp_path,
        env={**os.environ, "CC": "/bin/false"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert list(tmp_path.glob("**/*.so")) == []
    assert 'building extension "monitor.matching._index" failed' in ended.stdout + ended.stderr
