"""The catalog that a command is about: the files named, or the sample."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.failing import CommandFailed

if TYPE_CHECKING:
    from catalog.model import Catalog

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="YAML files or folders; without any, the sample catalog."),
]
CatalogOption = Annotated[
    list[Path] | None,
    typer.Option("--catalog", help="YAML file or folder; may be repeated. Without it, the sample catalog."),
]


def loaded(paths: Sequence[Path] | None) -> "Catalog":
    """The catalog of these files.

    :raises CommandFailed: with every finding, when it has an error.
    """
    from catalog.findings import CatalogError
    from catalog.loader import load
    from catalog.store import SAMPLES

    try:
        return load(list(paths or [SAMPLES]))
    except CatalogError as refused:
        raise CommandFailed(str(refused)) from None


def written(text: str, to: Path | None) -> None:
    """The text into a file, or onto standard output.

    :raises CommandFailed: the file cannot be written.
    """
    if to is None:
        typer.echo(text, nl=False)
        return
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise CommandFailed(f"{to} cannot be written: {problem}") from None
