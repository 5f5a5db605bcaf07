"""`orderloom catalog`: catalog files before anybody orders from them."""

import typer

from gateway.commands.catalog import checking, drawing, exchanging, properties, trying

app = typer.Typer(no_args_is_help=True, help="Catalog files.")


@app.callback()
def _catalog() -> None:
    """Catalog files."""


for room in (checking, drawing, exchanging, trying, properties):
    room.add_to(app)
