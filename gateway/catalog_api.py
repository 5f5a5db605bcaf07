"""Catalogs while orders flow: publish a version, see which there are and who published them, read one back.

A catalog that is refused is refused whole, with every finding, and the version that was current stays.
"""

import asyncio
from collections.abc import Iterable
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from catalog.findings import CatalogError, Finding
from catalog.loader import CatalogText, load_texts
from catalog.model import Catalog
from catalog.writing import yaml_of
from gateway.bodies import read_body
from gateway.context import Authenticated, Gateway, Publisher, gateway_of
from gateway.json_answers import JsonAnswer
from gateway.tmf.edge_models import edge_model
from gateway.tmf.errors import Error
from gateway.tmf.parts import Instant
from gateway.tmf.product_order import instant_text
from gateway.violations import BadRequest, Violation
from gateway.wall_clock import now_ms
from runtime.catalogs import CatalogStore, Publication
from runtime.errors import DiskFull, NotFound

PATH: Final = "/api/v1/catalog"
router = APIRouter(prefix=PATH, tags=["Catalog"])
_JSON: Final = "application/json"
_YAML: Final = ("application/yaml", "application/x-yaml", "text/yaml")


class PublicationView(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """When a version was made the current one, and by whom."""

    number: int
    """Counts the publications of all versions."""
    at: Instant
    source: str
    """``api``, or ``start``: the files that the system was started with."""
    by: str = ""
    client: str = ""


class VersionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A published version."""

    version: str
    name: str
    digest: str
    """Of its content; the same content has the same digest, wherever it comes from."""
    current: bool
    """Whether new orders are decomposed with it."""
    published: tuple[PublicationView, ...]
    """When it was made current, the latest last: more than once, if somebody went back to it."""


class VersionsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All published versions, in the order of their first publication."""

    current: str
    versions: tuple[VersionView, ...]


class OneVersionView(VersionView, frozen=True, kw_only=True, rename="camel"):
    """A published version, and what is in it."""

    offerings: tuple[str, ...]
    specifications: tuple[str, ...]


class VerdictView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a catalog that was sent, or what would become of it."""

    version: str
    name: str
    digest: str
    dry_run: bool
    outcome: str
    """What the version was before: ``new``; ``known``, and is current again; ``current``, and nothing changed."""
    findings: tuple[Finding, ...]
    """Warnings."""


class _Files(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        name: str
        text: str

    files: list[File]


_VERDICT: Final = edge_model(VerdictView)
_REFUSED: Final = (
    "The catalog is refused whole: `findings` has every error and warning, `violations` the errors."
)
Version = Annotated[str, Path(description="The version, as the catalog's header states it.")]


@router.post(
    "",
    status_code=201,
    summary="Publish a catalog version",
    responses={
        201: {"model": _VERDICT, "description": "It is stored and current: new orders take it."},
        200: {"model": _VERDICT, "description": "It was current already, or this was a dry run."},
        400: {"description": _REFUSED},
        409: {"description": "The version is published with other content: orders are pinned to it."},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/yaml": {
                    "schema": {"type": "string"},
                    "example": 'catalog: {version: "2025.2"}\n',
                },
                _JSON: {
                    "schema": {
                        "type": "object",
                        "required": ["files"],
                        "properties": {
                            "files": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["name", "text"],
                                    "properties": {"name": {"type": "string"}, "text": {"type": "string"}},
                                },
                            }
                        },
                    },
                    "example": {"files": [{"name": "shop.yaml", "text": 'catalog: {version: "2025.2"}\n'}]},
                },
            },
        }
    },
)
async def publish_catalog(
    request: Request,
    principal: Publisher,
    dry_run: Annotated[bool, Query(alias="dryRun", description="Check all of it, publish nothing.")] = False,
) -> Response:
    """Check a catalog (one YAML text, or several files in JSON), store it, and make it the current version.

    Running orders keep their versions. A version that is published already becomes current again if its content is
    the same, which is how one goes back.
    """
    gateway = gateway_of(request)
    texts = _texts(request, await read_body(request, gateway.settings.body_bytes_max, (_JSON, *_YAML)))
    catalog, findings = await _read(gateway, texts)
    shelf = gateway.runtime.shelf
    outcome = await shelf.judge(catalog)
    changed = False
    if not dry_run:
        if folder := await gateway.runtime.full_disk():
            raise DiskFull(folder)
        publication = Publication(
            catalog.version,
            catalog.digest,
            catalog.name,
            now_ms(),
            principal.name,
            principal.client,
            principal.tenant,
        )
        changed = (await shelf.publish(publication, catalog)).changed
    shown = VerdictView(
        version=catalog.version,
        name=catalog.name,
        digest=catalog.digest,
        dry_run=dry_run,
        outcome=outcome,
        findings=tuple(findings),
    )
    return JsonAnswer(shown, status_code=201 if changed else 200)


@router.get(
    "",
    summary="List the published catalog versions",
    responses={200: {"model": edge_model(VersionsView), "description": "All versions."}},
)
async def list_versions(request: Request, _: Authenticated) -> Response:
    """Which versions there are, which one is current, and who published them when."""
    found = await _versions(gateway_of(request).runtime.shelf.store)
    current = next((each.version for each in found if each.current), "")
    return JsonAnswer(VersionsView(current=current, versions=tuple(found)))


@router.get(
    "/{version:path}",
    summary="Retrieve a published catalog version",
    responses={
        200: {
            "model": edge_model(OneVersionView),
            "description": "What is known of it; with `Accept: application/yaml` the catalog itself.",
        },
        404: {"model": edge_model(Error), "description": "No such version was ever published."},
    },
)
async def retrieve_version(request: Request, _: Authenticated, version: Version) -> Response:
    """One version. As YAML it can be published again; comments of the files it came from are not in it."""
    shelf = gateway_of(request).runtime.shelf
    catalog = await shelf.read(version)
    if catalog is None:
        raise NotFound(f"catalog version {version[:64]!r} was never published")
    if any(kind in request.headers.get("accept", "") for kind in _YAML):
        return Response(await asyncio.to_thread(yaml_of, catalog), media_type=_YAML[0])
    (known,) = [each for each in await _versions(shelf.store) if each.version == version]
    shown = OneVersionView(
        **msgspec.structs.asdict(known),
        offerings=tuple(catalog.offerings),
        specifications=tuple(catalog.specifications),
    )
    return JsonAnswer(shown)


async def _read(gateway: Gateway, texts: list[CatalogText]) -> tuple[Catalog, list[Finding]]:
    """The catalog, and warnings (:raises BadRequest: with every finding)."""
    try:
        async with gateway.reading_catalog:
            return await asyncio.to_thread(load_texts, texts)
    except CatalogError as refused:
        names = [text.name for text in texts]
        errors = [each for each in refused.findings if each.severity == "error"]
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        raise BadRequest(
            "invalidCatalog",
            f"the catalog is refused: {count}",
            [
                Violation(_pointer(names, each.file), each.code, f"{each.file}:{each.line}: {each.message}")
                for each in errors
            ],
            findings=refused.findings,
        ) from None


def _texts(request: Request, body: bytes) -> list[CatalogText]:
    """The files in a body (:raises BadRequest: there are none in it)."""
    media_type = request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    try:
        if media_type != _JSON:
            return [CatalogText("catalog.yaml", body.decode("utf-8"))]
        files = msgspec.json.decode(body, type=_Files).files
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        sentence = f"no catalog files in the body: {problem}"
        raise BadRequest("invalidRequest", sentence, [Violation("", "invalid", sentence)]) from None
    return [CatalogText(file.name, file.text) for file in files]


def _pointer(names: list[str], file: str) -> str:
    return f"/files/{names.index(file)}/text" if len(names) > 1 and file in names else ""


async def _versions(store: CatalogStore) -> list[VersionView]:
    current = await store.current()
    published: dict[str, list[tuple[int, Publication]]] = {}
    for number, each in enumerate(await store.log(), 1):
        published.setdefault(each.version, []).append((number, each))
    return [
        VersionView(
            version=version,
            name=acts[-1][1].name,
            digest=acts[-1][1].digest,
            current=current is not None and current.version == version,
            published=tuple(_shown(acts)),
        )
        for version, acts in published.items()
    ]


def _shown(acts: Iterable[tuple[int, Publication]]) -> Iterable[PublicationView]:
    for number, act in acts:
        yield PublicationView(
            number=number,
            at=_instant(act.at),
            source="api" if act.by else "start",
            by=act.by,
            client=act.client,
        )


def _instant(at: int) -> Any:
    """Text where the schema says an instant."""
    return instant_text(at)
