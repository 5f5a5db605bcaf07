"""`orderloom catalog`: catalog files before anybody orders from them, and what a system has published of them."""

import typer

from gateway.commands.catalog import checking, drawing, exchanging, properties, publishing, trying

app = typer.Typer(no_args_is_help=True, help="Catalog files, and the published versions of a system.")


@app.callback()
def _catalog() -> None:
    """Catalog files."""


for room in (checking, drawing, exchanging, trying, properties, publishing):
    room.add_to(app)
