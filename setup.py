"""Builds the native rule index where there is a C compiler and Cython; without them the package works in plain Python.

All else of the package stands in pyproject.toml.
"""

from setuptools import Extension, setup

try:
    from Cython.Build import cythonize
except ImportError:
    extensions: list[Extension] = []
else:
    extensions = cythonize(
        [
            Extension(f"monitor.matching.{name}", [f"monitor/matching/{name}.pyx"], extra_compile_args=["-O3", "-g0"])
            for name in ("_scan", "_index")
        ],
        quiet=True,
    )
    for extension in extensions:
        # A failed build is a warning, and `monitor doctor` says which index runs. Said here because cythonize forgets it.
        extension.optional = True

setup(ext_modules=extensions)
