"""The pages for people: API documentation at ``/docs``, to which ``/`` leads.

Its scripts come with us (fastapi-offline's copy of Swagger UI): the page works without the internet, and a page that
is given a bearer token loads nothing from another server.
"""

from importlib.resources import as_file, files

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

ASSETS = "/docs/assets"
router = APIRouter(include_in_schema=False)


@router.get("/")
async def start() -> Response:
    """Where a browser that opens the gateway is led."""
    return RedirectResponse("/docs")


@router.get("/docs")
async def documentation() -> Response:
    """Every operation, to be read and tried."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Orderloom",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
        swagger_ui_parameters={"defaultModelsExpandDepth": 0, "persistAuthorization": True},
    )


def serve_assets(app: FastAPI) -> None:
    """Serve the scripts and styles of the pages."""
    with as_file(files("fastapi_offline") / "static") as folder:
        app.mount(ASSETS, StaticFiles(directory=folder), name="documentation")
