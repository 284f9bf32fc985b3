"""The API, readable at `/api/docs`: the OpenAPI description as one page, made here, which needs nothing from anywhere else."""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any, Final, cast

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from collab.api.problems import INVALID, KINDS
from collab.protocol.answer_headers import POLICY, reference_policy

router = APIRouter(include_in_schema=False)

_STYLE: Final = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid var(--line); padding: .5rem 0 1rem; }
code { font: .9em ui-monospace, monospace; }
h3 code { font-weight: 600; }
th { width: 11rem; }
td:nth-child(2) { width: 14rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-top: 1px solid var(--line); }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_HEADERS: Final = {POLICY: reference_policy(_STYLE_HASH), "Cache-Control": "no-cache"}

_CODE: Final = re.compile(r"`([^`]+)`")

_Description = Mapping[str, Any]
_Row = tuple[str, str, str]
"""A name as text; what it may be and what it means as markup."""


@router.get("/api/docs")
async def reference(request: Request) -> HTMLResponse:
    """Show the API to people."""
    return HTMLResponse(reference_page(request.app.openapi()), headers=_HEADERS)


def reference_page(description: _Description) -> str:
    """Return an OpenAPI description as a page."""
    title = f"{escape(description['info']['title'])} {escape(description['info']['version'])}"
    operations = "".join(
        _operation(f"{method.upper()} {path}", operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    )
    schemas = "".join(_schema(name, schema) for name, schema in description["components"]["schemas"].items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"{_paragraphs(description['info']['description'])}"
        '<p>For programs: <a href="/api/openapi.json">/api/openapi.json</a></p>'
        f"<h2>Endpoints</h2>{operations}<h2>Schemas</h2>{schemas}<h2>Problems</h2>{_problems()}</body></html>"
    )


def _operation(heading: str, operation: _Description) -> str:
    return (
        f'<section id="{escape(operation["operationId"])}"><h3><code>{escape(heading)}</code></h3>'
        f"{_paragraphs(operation.get('description', ''))}"
        f"{_table('Parameters', map(_parameter, operation.get('parameters', [])))}"
        f"{_table('Body', _forms(operation.get('requestBody', {})))}"
        f"{_table('Answers', _answers(operation['responses']))}</section>"
    )


def _parameter(parameter: _Description) -> _Row:
    return (
        parameter["name"],
        _type(parameter["schema"]),
        _text(f"In the {parameter['in']}. {parameter.get('description', '')}"),
    )


def _forms(body: _Description) -> Iterator[_Row]:
    for media_type, form in body.get("content", {}).items():
        yield media_type, _type(form.get("schema", {})), ""


def _answers(answers: _Description) -> Iterator[_Row]:
    for status, answer in answers.items():
        forms = list(_forms(answer)) or [("", "", "")]
        for media_type, kind, _ in forms:
            yield status, kind, _text(f"{answer['description']} {f'`{media_type}`' if media_type else ''}")


def _schema(name: str, schema: _Description) -> str:
    fields = (
        (field, _type(described), _text(described.get("description", ""))) for field, described in _fields(schema)
    )
    values = _text(" ".join(f"`{value}`" for value in schema.get("enum", [])))
    return (
        f'<section id="{escape(name)}"><h3><code>{escape(name)}</code></h3>{_paragraphs(schema.get("description", ""))}'
        f"<p>{values}</p>{_table('', fields)}</section>"
    )


def _fields(schema: _Description) -> Iterable[tuple[str, _Description]]:
    return cast("Mapping[str, _Description]", schema.get("properties", {})).items()


def _type(schema: _Description) -> str:
    """Return what a schema allows, as markup; another schema as a link to it."""
    for combination in ("anyOf", "allOf"):
        if combination in schema:
            return " or ".join(_type(option) for option in schema[combination])
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"array of {_type(schema['items'])}"
    return escape(
        " ".join([str(schema.get("format", "")), str(schema.get("type", "anything")), *_limits(schema)]).strip()
    )


def _limits(schema: _Description) -> Iterator[str]:
    for low, high, unit in (("minimum", "maximum", ""), ("minLength", "maxLength", " characters")):
        if low in schema and high in schema:
            yield f"{schema[low]} to {schema[high]}{unit}"
        elif high in schema:
            yield f"up to {schema[high]}{unit}"
    if schema.get("default") is not None:
        yield f"({schema['default']} when absent)"


def _problems() -> str:
    kinds = {kind.slug: kind for kind in (*KINDS.values(), INVALID)}
    return "".join(
        f'<section id="{kind.slug}"><h3><code>{kind.slug}</code></h3>'
        f"<p>{escape(kind.title)} ({kind.status.value} {escape(kind.status.phrase)}).</p></section>"
        for kind in kinds.values()
    )


def _table(title: str, rows: Iterable[_Row]) -> str:
    body = "".join(
        f"<tr><th><code>{escape(name)}</code></th><td>{kind}</td><td>{text}</td></tr>" for name, kind, text in rows
    )
    heading = f"<h4>{title}</h4>" if title else ""
    return f"{heading}<table>{body}</table>" if body else ""


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_text(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph.strip())


def _text(text: str) -> str:
    """Return text as markup, what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text.strip()))
