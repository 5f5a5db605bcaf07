"""pydantic models derived from the form: the thorough reader, and what ``/docs`` shows.

The msgspec classes are the definition; every rule of a type (required, enumerated, bounded, an instant with an offset)
is carried over once, here, so that both readers accept the same orders. A property test holds them together.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, ForwardRef, Literal, Union, get_args, get_origin

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, create_model
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from gateway.tmf.parts import Instant as FormInstant


def _instant(value: str) -> str:
    try:
        msgspec.convert(value, FormInstant)
    except msgspec.ValidationError as error:
        sentence = "must be an RFC 3339 date-time with an offset, such as 2026-11-23T09:00:00Z"
        raise PydanticCustomError("date-time", sentence) from error
    return value


def _never(value: Any) -> Any:
    raise PydanticCustomError("server-set", "is set by Orderloom and must not be given")


Instant = Annotated[str, AfterValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Never = SkipJsonSchema[Annotated[Any, AfterValidator(_never)]]


@cache
def edge_model(form: type[msgspec.Struct]) -> type[BaseModel]:
    """The pydantic model of a form class: strict, open to extension attributes, attributes named as in JSON."""
    made: dict[str, type[BaseModel]] = {}
    for part in _reachable(form):
        made[part.__name__] = _model(part)
    for model in made.values():
        model.model_rebuild(_types_namespace=made)
    return made[form.__name__]


def _model(form: type[msgspec.Struct]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(form):
        default = ... if field.required else None
        fields[field.name] = (_edge_type(field.type), Field(default, alias=field.encode_name))
    return create_model(
        form.__name__,
        __config__=ConfigDict(strict=True, extra="allow", protected_namespaces=()),
        __doc__=form.__doc__,
        **fields,
    )


def _edge_type(form_type: Any) -> Any:
    if form_type is msgspec.UnsetType:
        return Never
    origin, arguments = get_origin(form_type), get_args(form_type)
    if origin is Annotated:
        inner, meta = arguments[0], arguments[1]
        if inner is datetime:
            return Instant
        bounds = {
            name: getattr(meta, name)
            for name in ("ge", "min_length", "max_length")
            if getattr(meta, name) is not None
        }
        return Annotated[_edge_type(inner), Field(**bounds)]
    if origin in (Union, UnionType):
        (known,) = (each for each in arguments if each is not msgspec.UnsetType)
        return _edge_type(known)
    if origin is tuple:
        return list[_edge_type(arguments[0])]  # type: ignore[misc]  # a type computed at run time
    if origin is Literal or not isinstance(form_type, type) or not issubclass(form_type, msgspec.Struct):
        return form_type
    return ForwardRef(form_type.__name__)


def _reachable(form: type[msgspec.Struct]) -> Iterable[type[msgspec.Struct]]:
    found: dict[type[msgspec.Struct], None] = {form: None}
    ways: list[Any] = [form]
    while ways:
        for field in msgspec.structs.fields(ways.pop()):
            for part in _structs_in(field.type):
                if part not in found:
                    found[part] = None
                    ways.append(part)
    return tuple(found)


def _structs_in(form_type: Any) -> Iterable[type[msgspec.Struct]]:
    if isinstance(form_type, type) and issubclass(form_type, msgspec.Struct):
        yield form_type
    elif get_origin(form_type) is not Literal:
        for argument in get_args(form_type):
            yield from _structs_in(argument)
