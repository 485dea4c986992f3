"""What pyproject.toml cannot say: the migrations lie elsewhere in the tree than in the wheel, and translations are compiled into it."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

MIGRATIONS = {"idp.migrations": "migrations", "idp.migrations.versions": "migrations/versions"}


class BuildWithTranslations(build_py):
    """Each catalogue compiled from its source: what `make translations` left in the tree may be older."""

    def run(self) -> None:
        super().run()
        for source in Path().glob("*/translations/*/LC_MESSAGES/messages.po"):
            compiled = Path(self.build_lib, source).with_suffix(".mo")
            compiled.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as words, compiled.open("wb") as target:
                write_mo(target, read_po(words, locale=source.parts[2]))


setup(
    packages=[*find_packages(include=["idp*", "mypage*", "machi_id*"]), *MIGRATIONS],
    package_dir=MIGRATIONS,
    include_package_data=False,
    package_data={"": ["templates/**", "static/**"], "idp.migrations": ["script.py.mako"]},
    cmdclass={"build_py": BuildWithTranslations},
)
