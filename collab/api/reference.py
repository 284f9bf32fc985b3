"""The API, readable at `/api/docs`: the OpenAPI description as one page, made here, which needs nothing from anywhere else."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final, cast

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from collab.api.problems import INVALID, KINDS

router = APIRouter(include_in_schema=False)

_STYLE: Final = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid var(--line); padding: .5rem 0 1rem; }
code { font: .9em ui-monospace, monospace; }
h3 code { font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-top: 1px solid var(--line); }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

_Schema = Mapping[str, Any]


@router.get("/api/docs")
async def reference(request: Request) -> HTMLResponse:
    """Show the API to people."""
    return HTMLResponse(reference_page(request.app.openapi()), headers=_HEADERS)


def reference_page(description: _Schema) -> str:
    """Return an OpenAPI description as a page."""
    info = description["info"]
    operations = "".join(
        _operation(method, path, operation, description)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>{_paragraphs(info.get('description', ''))}"
        '<p>For programs: <a href="/api/openapi.json">/api/openapi.json</a></p>'
        f"{operations}<h2>Problems</h2>{_problems()}</body></html>"
    )


def _operation(method: str, path: str, operation: _Schema, description: _Schema) -> str:
    answers = _rows(
        (status, escape(answer.get("description", ""))) for status, answer in operation.get("responses", {}).items()
    )
    return (
        f'<section id="{escape(operation["operationId"])}"><h3><code>{method.upper()} {escape(path)}</code></h3>'
        f"{_paragraphs(operation.get('description', ''))}"
        f"{_titled('Parameters', _rows(_parameters(operation)))}"
        f"{_titled('Body', _body(operation, description))}"
        f"{_titled('Answers', answers)}</section>"
    )


def _parameters(operation: _Schema) -> Iterator[tuple[str, str]]:
    for parameter in operation.get("parameters", []):
        needed = " (required)" if parameter.get("required") else ""
        text = f"in the {parameter['in']}{needed}. {parameter.get('description', '')} {_type(parameter['schema'])}"
        yield parameter["name"], escape(text)


def _body(operation: _Schema, description: _Schema) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    return "".join(
        f"<p><code>{escape(media_type)}</code></p>{_rows(_fields(body['schema'], description))}"
        for media_type, body in content.items()
    )


def _fields(schema: _Schema, description: _Schema) -> Iterator[tuple[str, str]]:
    for name, field in _resolved(schema, description).get("properties", {}).items():
        yield name, escape(f"{_type(field)} {field.get('description', '')}")


def _resolved(schema: _Schema, description: _Schema) -> _Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return cast("_Schema", description["components"]["schemas"][reference.rpartition("/")[2]])


def _type(schema: _Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"“{value}”" for value in schema["enum"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return str(schema.get("type", ""))


def _problems() -> str:
    kinds = {kind.slug: kind for kind in (*KINDS.values(), INVALID)}
    return "".join(
        f'<section id="{kind.slug}"><h3><code>{kind.slug}</code></h3><p>{escape(kind.title)} '
        f"({kind.status.value} {escape(kind.status.phrase)}).</p></section>"
        for kind in kinds.values()
    )


def _titled(title: str, content: str) -> str:
    return f"<h4>{title}</h4>{content}" if content else ""


def _rows(rows: Iterator[tuple[str, str]]) -> str:
    body = "".join(f"<tr><th><code>{escape(name)}</code></th><td>{text}</td></tr>" for name, text in rows)
    return f"<table>{body}</table>" if body else ""


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph.strip())
