"""Drafts: orders that are still being written. Saved whatever is wrong with them, checked in full when submitted.

TMF622 v4 has no word for a draft, so they stand under ``/api/v1`` and in no list or event of orders. Every save answers
everything that is wrong with the draft; nothing of it keeps the draft from being saved.
"""

import asyncio
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Body, Header, Path, Query, Request, Response

from actors.beside import Beside
from actors.drafts import DRAFTS
from actors.group import OrderGroup
from actors.messages import Accepted, Heading, KeyConflict, SaveDraft, StartDraft, SubmitDraft, WithdrawDraft
from actors.order import Order
from actors.order_id import tenanted
from actors.states import State
from catalog.model import Catalog
from gateway.auth import Principal
from gateway.bodies import MERGE_PATCH, read_body
from gateway.camel_case import named
from gateway.conflict import met_again
from gateway.context import Authenticated, Gateway, Requester, gateway_of
from gateway.customer_products import customer_products
from gateway.door import heading_of_draft
from gateway.draft_preview import dry_run, of_items_alone, priced, readable, servable
from gateway.entering import entering
from gateway.identity import (
    IDEMPOTENCY_KEY_LENGTH_MAX,
    canonical,
    digest_of,
    id_from_draft_key,
    random_id,
    tag_of,
)
from gateway.json_answers import JsonAnswer
from gateway.preconditions import IF_MATCH, base_of, etag, named_base_of, passed
from gateway.reception import Reception
from gateway.tmf.edge_models import edge_model
from gateway.tmf.errors import Error
from gateway.tmf.pages import page_links
from gateway.tmf.parts import Instant
from gateway.tmf.patching import merge, settled
from gateway.tmf.product_order import instant_text
from gateway.tmf.product_order_form import ProductOrder
from gateway.tmf.product_ordering import EXAMPLE, PATCH_EXAMPLE, priced_order, refusal
from gateway.tmf.shapes import PRODUCT
from gateway.violations import BadRequest, Violation
from gateway.wall_clock import now_ms
from runtime.errors import DiskFull, NotFound
from runtime.journal.listing import list_orders
from runtime.limits import LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX

PATH: Final = "/api/v1/drafts"
router = APIRouter(prefix=PATH, tags=["Drafts"])
_decode = msgspec.json.decode
_OFFSET_MAX: Final = 10**12


class Draft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A draft as it was last saved, and everything that is wrong with it under the current catalog."""

    id: str
    href: str
    state: str
    """``draft``, or ``cancelled`` once it was withdrawn."""
    version: int
    """How often it was saved."""
    created_at: Instant
    saved_at: Instant
    findings: tuple[Violation, ...]
    """What would be refused if it were submitted now; empty: nothing."""
    product_order: dict[str, Any]
    """The product order as it was sent, however wrong."""


class DryRun(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What would become of a draft under the current catalog."""

    id: str
    version: int
    catalog: str
    findings: tuple[Violation, ...]
    lines: tuple[dict[str, Any], ...]
    compatibility: tuple[dict[str, Any], ...] | msgspec.UnsetType = msgspec.UNSET
    """What would stand against its approval beside what is installed now. Left out while something is wrong with the
    order itself, beyond its items."""


class PricedDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a draft would cost under the current catalog."""

    id: str
    version: int
    catalog: str
    findings: tuple[Violation, ...]
    product_order: dict[str, Any]
    """The draft with `itemPrice`, `itemTotalPrice` and `orderTotalPrice`."""


_DRAFT: Final = edge_model(Draft)
_PRICED: Final = edge_model(PricedDraft)
_DRY_RUN: Final = edge_model(DryRun)
_ORDER: Final = edge_model(ProductOrder)
_ERROR: Final = edge_model(Error)
_HEADERS: Final = {"ETag": {"schema": {"type": "string"}, "description": "The version, for `If-Match`."}}
_SAVED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": _DRAFT, "description": "The draft is on disk as it was sent.", "headers": _HEADERS},
    412: {"model": _ERROR, "description": "Another version stands than `If-Match` names."},
    428: {"model": _ERROR, "description": "`If-Match` is missing."},
}
DraftId = Annotated[str, Path(alias="id", description="The draft's id.")]


def _body(*kinds: str, example: Any) -> dict[str, Any]:
    content = {kind: {"schema": {"type": "object"}, "example": example} for kind in kinds}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "",
    status_code=201,
    summary="Save a new draft",
    responses={
        201: {"model": _DRAFT, "description": "The draft is on disk; `findings` say what is wrong with it."},
        200: {"model": _DRAFT, "description": "The same key and body came before: the draft as it is now."},
        409: {"model": _ERROR, "description": "The same key came with another body."},
    },
    openapi_extra=_body("application/json", example=EXAMPLE),
)
async def create_draft(
    request: Request,
    principal: Requester,
    idempotency_key: Annotated[str | None, Header(description="Names the draft for repetitions.")] = None,
) -> Response:
    """Save a product order that is still being written. Anything that is a JSON object is taken."""
    gateway = gateway_of(request)
    raw = await read_body(request, gateway.settings.body_bytes_max)
    sent = gateway.door.read(raw)
    tenant, key = principal.tenant, idempotency_key
    if key is not None and not 0 < len(key) <= IDEMPOTENCY_KEY_LENGTH_MAX:
        message = f"an idempotency key has 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} characters"
        raise BadRequest("badKey", message, [Violation("/idempotencyKey", "bad-idempotency-key", message)])
    if folder := await gateway.runtime.full_disk():
        raise DiskFull(folder)
    document = canonical(sent)
    draft = random_id(tenant) if key is None else id_from_draft_key(tenant, principal.client, key)
    reply = await gateway.runtime.send(
        draft,
        StartDraft(
            document,
            digest_of(document),
            gateway.runtime.catalogs.current.version,
            principal.client,
            heading_of_draft(sent),
            principal.name,
        ),
    )
    if isinstance(reply, KeyConflict):
        met = await met_again(gateway.runtime, draft, document, _href(gateway, draft), draft=True)
        if isinstance(met, Error):
            return JsonAnswer(met, status_code=409)
        reply = met
    if not isinstance(reply, Accepted):
        raise refusal(reply)
    status = 200 if reply.duplicate else 201
    return await _answer(gateway, principal, draft, raw=raw, status=status)


@router.get(
    "",
    summary="List drafts",
    responses={
        200: {
            "model": list[_DRAFT],  # type: ignore[valid-type]  # a model made at run time
            "description": "Drafts by the time they were begun.",
            "headers": {
                "X-Total-Count": {"schema": {"type": "integer"}, "description": "All drafts."},
                "Link": {"schema": {"type": "string"}, "description": "Pages by rel."},
            },
        }
    },
)
async def list_drafts(
    request: Request,
    principal: Authenticated,
    offset: Annotated[int, Query(ge=0, le=_OFFSET_MAX, description="How many to leave out.")] = 0,
    limit: Annotated[int, Query(ge=0, le=LIST_LIMIT_MAX, description="How many.")] = LIST_LIMIT_DEFAULT,
) -> Response:
    """Drafts of the principal's tenant that were neither submitted nor withdrawn."""
    gateway = gateway_of(request)
    filters = {tenanted(tag_of(principal.tenant), DRAFTS): ""}
    page = await list_orders(gateway.runtime.journal, filters, None, None, offset, limit)
    groups = await gateway.runtime.read([draft for _, draft in page.entries]) if page.entries else []
    drafts = [group for group in groups if group is not None and group.order.state is State.DRAFT]
    shown = await asyncio.gather(*(_draft(gateway, principal, group) for group in drafts))
    headers = {
        "X-Total-Count": str(page.total),
        "Link": page_links(request, gateway.settings.base_url, offset, limit, page.total),
    }
    return JsonAnswer(shown, headers=headers)


@router.get(
    "/{id}",
    summary="Retrieve a draft",
    responses={200: {"model": _DRAFT, "description": "The draft and its findings.", "headers": _HEADERS}},
)
async def retrieve_draft(request: Request, principal: Authenticated, draft: DraftId) -> Response:
    """The draft as it was last saved; `findings` are those of this moment."""
    return await _answer(gateway_of(request), principal, draft)


@router.put(
    "/{id}",
    summary="Save a draft anew",
    responses=_SAVED,
    openapi_extra={"parameters": [IF_MATCH], **_body("application/json", example=EXAMPLE)},
)
async def replace_draft(request: Request, principal: Requester, draft: DraftId) -> Response:
    """Replace the whole draft; lines that are left out are gone."""
    gateway = gateway_of(request)
    raw = await read_body(request, gateway.settings.body_bytes_max)
    sent = gateway.door.read(raw)
    group = await _group(gateway, principal, draft)
    await _save(gateway, principal, group, base_of(request), sent, digest_of(canonical(sent)))
    return await _answer(gateway, principal, draft, raw=raw)


@router.patch(
    "/{id}",
    summary="Change a draft",
    responses=_SAVED,
    openapi_extra={"parameters": [IF_MATCH], **_body(*MERGE_PATCH, example=PATCH_EXAMPLE)},
)
async def change_draft(request: Request, principal: Requester, draft: DraftId) -> Response:
    """Apply a merge patch (RFC 7386) in which items are merged by their id, as on a product order."""
    gateway = gateway_of(request)
    raw = await read_body(request, gateway.settings.body_bytes_max, MERGE_PATCH)
    patch = gateway.door.read(raw)
    group = await _group(gateway, principal, draft)
    after, faults = merge(_decode(group.order.document), patch, raw, PRODUCT)
    if faults:
        raise BadRequest("invalidPatch", "the patch cannot be applied", faults)
    await _save(gateway, principal, group, base_of(request), after, digest_of(canonical(patch)))
    return await _answer(gateway, principal, draft)


@router.post(
    "/{id}/dryRun",
    summary="Show what would become of a draft",
    responses={200: {"model": _DRY_RUN, "description": "Domain orders, tasks and reasons by line."}},
)
async def run_draft_dry(request: Request, principal: Authenticated, draft: DraftId) -> Response:
    """Decompose the draft under the current catalog without touching anything.

    Lines with findings are left out, and attributes of the order with findings are not read.
    """
    gateway = gateway_of(request)
    reception = gateway.reception_of(PRODUCT).of_one_request()
    order, sent, findings, catalog = await _examined(gateway, reception, principal, draft)
    document = canonical(readable(servable(sent, findings, catalog), findings))
    standing = await reception.standing(document, principal)
    now = now_ms()
    run = dry_run(document, catalog, standing, id_=draft, at=now, start=max(now, order.requested_start))
    compatibility: tuple[dict[str, Any], ...] | msgspec.UnsetType = msgspec.UNSET
    if of_items_alone(findings):
        customer = await customer_products(gateway.runtime, draft, document, catalog)
        beside = Beside(draft, document, customer)
        found = await reception.incompatible(beside, catalog, principal, now)
        compatibility = tuple(named(each) for each in found)
    return JsonAnswer(
        DryRun(
            id=draft,
            version=order.version,
            catalog=catalog.version,
            findings=findings,
            lines=run.lines,
            compatibility=compatibility,
        )
    )


@router.post(
    "/{id}/price",
    summary="Show what a draft would cost",
    responses={200: {"model": _PRICED, "description": "The order with prices by line and in all."}},
)
async def price_draft(request: Request, principal: Authenticated, draft: DraftId) -> Response:
    """Price the draft as if it were ordered now. Lines with findings are left out."""
    gateway = gateway_of(request)
    reception = gateway.reception_of(PRODUCT).of_one_request()
    order, sent, findings, catalog = await _examined(gateway, reception, principal, draft)
    shown = priced(sent, findings, catalog, now_ms())
    return JsonAnswer(
        PricedDraft(
            id=draft, version=order.version, catalog=catalog.version, findings=findings, product_order=shown
        )
    )


@router.post(
    "/{id}/submit",
    summary="Submit a draft",
    responses={
        200: {
            "model": _ORDER,
            "description": "The product order; `Location` says where it stands from now on.",
        },
        412: {"model": _ERROR, "description": "Another version stands than `If-Match` names."},
    },
    openapi_extra={"parameters": [{**IF_MATCH, "required": False}]},
)
async def submit_draft(request: Request, principal: Requester, draft: DraftId) -> Response:
    """Make the draft an order, if it passes every check of one: otherwise 400 with every violation, and it stays.

    Submitting again answers the order as it is. With `If-Match` only that version is submitted.
    """
    gateway = gateway_of(request)
    group = await gateway.group(draft, principal)
    if not group.order.submitted:
        order, base = group.order, named_base_of(request)
        if base is not None and base != order.version:
            raise passed(order.id, order.version, base)
        checked = await gateway.reception_of(PRODUCT).check(_decode(order.document), principal)
        if folder := await gateway.runtime.full_disk():
            raise DiskFull(folder)
        message = SubmitDraft(principal.name, order.version, checked.catalog, checked.document)
        settled(await gateway.runtime.send(draft, await entering(gateway.runtime, principal, draft, message)))
        group = await gateway.group(draft, principal)
    headers = {"Location": gateway.settings.href(draft), "ETag": etag(group.order.version)}
    return JsonAnswer(priced_order(gateway, group), headers=headers)


@router.post(
    "/{id}/withdraw",
    summary="Give a draft up",
    responses={
        200: {"model": _DRAFT, "description": "The draft, which is `cancelled`.", "headers": _HEADERS}
    },
)
async def withdraw_draft(
    request: Request,
    principal: Requester,
    draft: DraftId,
    reason: Annotated[str, Body(embed=True, max_length=2_000, description="Why.")] = "",
) -> Response:
    """Give the draft up. It stays readable by its id; there is no way back."""
    gateway = gateway_of(request)
    group = await _group(gateway, principal, draft)
    if group.order.state is State.DRAFT:
        settled(await gateway.runtime.send(draft, WithdrawDraft(principal.name, reason)))
    return await _answer(gateway, principal, draft)


async def _save(
    gateway: Gateway, principal: Principal, group: OrderGroup, base: int, after: dict[str, Any], digest: bytes
) -> None:
    order = group.order
    if base == order.version - 1 and digest == order.change:
        return  # it came before, and its answer was lost
    if base != order.version:
        raise passed(order.id, order.version, base)
    catalog = gateway.runtime.catalogs.current.version
    heading: Heading = heading_of_draft(after)
    message = SaveDraft(base, canonical(after), digest, catalog, heading, principal.name)
    settled(await gateway.runtime.send(order.id, message))


async def _examined(
    gateway: Gateway, reception: Reception, principal: Principal, draft: str
) -> tuple[Order, dict[str, Any], tuple[Violation, ...], Catalog]:
    """A draft as it stands, what it would order, what is wrong with it, and the catalog that says so."""
    order = (await _group(gateway, principal, draft)).order
    sent = _decode(order.document)
    findings, catalog = await reception.findings(sent, principal), gateway.runtime.catalogs.current
    return order, await reception.named(sent, principal), findings, catalog


async def _group(gateway: Gateway, principal: Principal, draft: str) -> OrderGroup:
    """A draft that was not submitted (:raises NotFound: there is none; it says so if it is an order)."""
    group = await gateway.group(draft, principal)
    if group.order.submitted:
        raise NotFound(f"{draft} is no draft but an order: {gateway.settings.href(draft)}")
    return group


async def _answer(
    gateway: Gateway, principal: Principal, draft: str, *, raw: bytes = b"", status: int = 200
) -> Response:
    group = await _group(gateway, principal, draft)
    headers = {"ETag": etag(group.order.version)}
    if status == 201:
        headers["Location"] = _href(gateway, draft)
    return JsonAnswer(await _draft(gateway, principal, group, raw), status_code=status, headers=headers)


async def _draft(
    gateway: Gateway, principal: Principal, group: OrderGroup, raw: bytes = b""
) -> dict[str, Any]:
    order = group.order
    sent = _decode(order.document)
    return {
        "id": order.id,
        "href": _href(gateway, order.id),
        "state": order.state,
        "version": order.version,
        "createdAt": instant_text(order.order_date),
        "savedAt": instant_text(order.since),
        "findings": await gateway.reception_of(PRODUCT).findings(sent, principal, raw=raw),
        "productOrder": sent,
    }


def _href(gateway: Gateway, draft: str) -> str:
    return f"{gateway.settings.base_url}{PATH}/{draft}"
