"""`orderloom catalog test`: properties of a catalog, tried on orders drawn from its own characteristics."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.catalog.files import PathsArgument, loaded, written
from gateway.commands.catalog.trying import AtOption, instant_of
from gateway.commands.failing import EXIT_FAILED, EXIT_USAGE, CommandFailed
from gateway.commands.running import JsonOption, print_json

if TYPE_CHECKING:
    from catalog.model import Catalog
    from catalog.trial.invariants import Broken

EXAMPLES_DEFAULT = 100


def add_to(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command("test")(test_catalog)


def test_catalog(
    paths: PathsArgument = None,
    of: Annotated[
        list[str] | None, typer.Option("--of", help="Offering to draw orders of; may be repeated.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Invariant to try; may be repeated; else all.")
    ] = None,
    examples: Annotated[
        int, typer.Option("--examples", min=1, help="Orders to draw for each invariant.")
    ] = EXAMPLES_DEFAULT,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Draw other orders; without it the same ones each time.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            file_okay=False,
            help="Folder to write counterexamples into: each order, and what then happened.",
        ),
    ] = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try what must hold for every order, on orders drawn from the catalog: the smallest counterexample is shown.

    accepted: the door takes what the characteristics allow. decomposes: rules can be evaluated and settle, plans end.
    repeats: the sequence of lines makes no difference. fillable: nothing waits for ever for what no item can state.
    grows: what is created while values are missing is wanted when they are known. priced: a whole order has a price.
    steady: a modify to what is orders nothing. counted: another quantity does not touch those that stay.
    removable: a delete takes all that stands away, and nothing else.

    Exit code 1 when one does not hold. Needs the extra `catalog-test` (Hypothesis).
    """
    try:
        import hypothesis  # noqa: F401
    except ImportError:
        raise CommandFailed(
            "orders are drawn by Hypothesis, which is not installed: pip install 'orderloom[catalog-test]'"
        ) from None
    from catalog.trial.invariants import INVARIANTS

    unknown = [name for name in only or () if name not in INVARIANTS]
    if unknown:
        known = ", ".join(INVARIANTS)
        raise CommandFailed(f"there is no invariant {unknown[0]!r}; there are {known}", EXIT_USAGE)
    catalog, instant = loaded(paths), instant_of(at)
    found: dict[str, Broken] = {}
    for name in only or INVARIANTS:
        counterexample = counterexample_of(catalog, name, instant, of or (), examples, seed)
        if counterexample is not None:
            found[name] = counterexample
        if not as_json:
            _tell(name, counterexample, examples)
    if to is not None:
        for name, counterexample in found.items():
            to.mkdir(parents=True, exist_ok=True)
            written(json.dumps(counterexample.order, indent=2) + "\n", to / f"{name}.json")
            if counterexample.then:
                written(json.dumps(counterexample.then, indent=2) + "\n", to / f"{name}.then.json")
    if as_json:
        print_json(
            [
                {"invariant": name, "holds": name not in found}
                | (found[name]._asdict() if name in found else {})
                for name in only or INVARIANTS
            ]
        )
    if found:
        raise typer.Exit(EXIT_FAILED)


test_catalog.__test__ = False  # type: ignore[attr-defined]  # a command, whatever its name looks like


def counterexample_of(
    catalog: "Catalog",
    name: str,
    at: int,
    offerings: "list[str] | tuple[str, ...]",
    examples: int,
    seed: int | None,
) -> "Broken | None":
    """The smallest order that Hypothesis finds against an invariant.

    :raises CommandFailed: nothing can be ordered, or no order can be drawn.
    """
    from hypothesis import HealthCheck, Verbosity, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st
    from hypothesis.errors import Unsatisfiable

    from catalog.trial.generating import Drawing, Drawn, DrawnChoices, orders
    from catalog.trial.invariants import INVARIANTS

    holds = INVARIANTS[name]
    smallest: list[Broken] = []

    class Fails(Exception):
        pass

    try:
        strategy = orders(catalog, at, offerings)
        drawing = Drawing(catalog)
    except ValueError as problem:
        raise CommandFailed(str(problem)) from None

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=seed is None,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy, st.data())
    def tried(drawn: Drawn, data: st.DataObject) -> None:
        broken = holds(catalog, drawn.whole, drawn.gapped, at, DrawnChoices(drawing, data.draw))
        if broken is not None:
            smallest[:] = [broken]
            raise Fails

    try:
        (seeded(seed)(tried) if seed is not None else tried)()
    except Fails:
        return smallest[0]
    except Unsatisfiable:
        raise CommandFailed("no order can be drawn: some characteristic has no value that fits it") from None
    return None


def _tell(name: str, counterexample: "Broken | None", examples: int) -> None:
    if counterexample is None:
        typer.echo(f"{name}: holds for {examples} drawn orders")
        return
    typer.echo(f"{name}: does not hold: {counterexample.sentence}")
    typer.echo("  " + json.dumps(counterexample.order, indent=2).replace("\n", "\n  "))
    for step in counterexample.then:
        typer.echo("  then " + json.dumps(step))
