"""`orderloom catalog check`: every finding of catalog files."""

from typing import Annotated

import typer

from gateway.commands.catalog.files import PathsArgument
from gateway.commands.failing import EXIT_FAILED
from gateway.commands.running import JsonOption, print_json


def add_to(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("check")(check_catalog)


def check_catalog(
    paths: PathsArgument = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are a failure, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check catalog files: every finding with file, line and what to write instead.

    Exit code 1 when there is an error; warnings alone are no failure, unless with --strict.
    """
    from catalog.loader import check
    from catalog.store import SAMPLES

    findings = check(paths or [SAMPLES])
    errors = sum(finding.severity == "error" for finding in findings)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            typer.echo(str(finding))
        warnings = len(findings) - errors
        typer.echo(f"{errors} error(s), {warnings} warning(s)" if findings else "the catalog is sound")
    if errors or (strict and findings):
        raise typer.Exit(EXIT_FAILED)
