"""`orderloom catalog graph` and `schema`: a picture for people, a schema for editors."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.commands.catalog.files import PathsArgument, loaded, written
from gateway.commands.failing import CommandFailed
from gateway.commands.running import print_json


class Format(StrEnum):
    """What a picture is drawn in."""

    MERMAID = "mermaid"
    SVG = "svg"


class Action(StrEnum):
    """Whose plan is shown."""

    ADD = "add"
    MODIFY = "modify"
    DELETE = "delete"


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("graph")(draw_catalog)
    app.command("schema")(print_schema)


def draw_catalog(
    paths: PathsArgument = None,
    of: Annotated[
        list[str] | None,
        typer.Option("--of", help="Offering or specification to draw with all below it; may be repeated."),
    ] = None,
    plan: Annotated[
        Action | None, typer.Option("--plan", help="Show the tasks of this action's plans.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="What to draw it in.")] = Format.MERMAID,
    to: Annotated[Path | None, typer.Option("--to", help="File to write; else standard output.")] = None,
) -> None:
    """Draw offerings, specifications, what they are made of, and their plans.

    Mermaid is drawn by many viewers of Markdown; an SVG can be opened by any browser.
    """
    from catalog.drawing.mermaid import mermaid
    from catalog.drawing.picture import picture_of
    from catalog.drawing.svg import svg

    catalog = loaded(paths)
    try:
        picture = picture_of(catalog, of or (), plan.value if plan is not None else None)
    except KeyError as unknown:
        raise CommandFailed(
            f"the catalog has neither an offering nor a specification {unknown.args[0]!r}"
        ) from None
    title = f"{catalog.name} {catalog.version}"
    written(mermaid(picture) if format_ is Format.MERMAID else svg(picture, title), to)


def print_schema() -> None:
    """Print the JSON Schema of catalog files, for editors.

    With the YAML language server: save it, and begin a file with `# yaml-language-server: $schema=FILE`.
    """
    from catalog.schema.document import catalog_schema

    print_json(catalog_schema())
