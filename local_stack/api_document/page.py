"""The API's document as one page for a browser: no program in it, nothing fetched, so that it needs no server."""

import json
import re
from html import escape
from pathlib import Path
from typing import Any

_REFERENCE = re.compile(r"#/components/(\w+)/([\w-]+)")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
summary { cursor: pointer; padding: .2rem 0; }
summary b { display: inline-block; width: 4.5rem; }
details > div { margin: 0 0 1rem 4.5rem; }
table { border-collapse: collapse; } td { border: 1px solid #ccc; padding: .2rem .6rem; vertical-align: top; }
pre { background: #f5f5f5; padding: .6rem; overflow-x: auto; } :target { background: #fff3c4; }
"""


def write_page(made: dict[str, Any], path: Path) -> None:
    """Writes the page of a document to a file."""
    path.write_text(page(made), encoding="utf-8")


def page(made: dict[str, Any]) -> str:
    """The page: the operations by their tags, then all that they refer to."""
    info = made["info"]
    tags = "".join(
        f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>{_operations(made, tag['name'])}"
        for tag in made["tags"]
    )
    kinds = ("schemas", "parameters", "headers", "responses", "securitySchemes")
    components = "".join(_components(kind, made["components"][kind]) for kind in kinds)
    title = escape(f"{info['title']} API, version {info['version']}")
    told = "".join(f"<p>{escape(part)}</p>" for part in info["description"].split("\n\n"))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{told}{tags}{components}</body></html>\n"
    )


def _operations(made: dict[str, Any], tag: str) -> str:
    return "".join(
        _operation(method, path, operation)
        for path, methods in made["paths"].items()
        for method, operation in methods.items()
        if tag in operation["tags"]
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    told = "".join(f"<p>{escape(part)}</p>" for part in operation["description"].split("\n\n"))
    parameters = _table((parameter.get("name", ""), parameter) for parameter in operation["parameters"])
    body = operation.get("requestBody")
    return (
        f'<details id="{escape(operation["operationId"])}">'
        f"<summary><b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
        f"<div>{told}"
        f"<h4>Parameters</h4>{parameters}"
        + (f"<h4>Body</h4>{_json(body)}" if body else "")
        + f"<h4>Answers</h4>{_table(operation['responses'].items())}</div></details>"
    )


def _components(kind: str, parts: dict[str, Any]) -> str:
    items = (
        f'<details id="{kind}-{name}" open><summary><code>{escape(name)}</code></summary>'
        f"<div>{_json(part)}</div></details>"
        for name, part in parts.items()
    )
    return f"<h2>{kind}</h2>{''.join(items)}"


def _table(rows: Any) -> str:  # noqa: ANN401 - pairs of a name and JSON
    lines = (f"<tr><td>{escape(name)}</td><td>{_json(value)}</td></tr>" for name, value in rows)
    return f"<table>{''.join(lines)}</table>"


def _json(value: object) -> str:
    """JSON as text, its references as links within the page."""
    text = escape(json.dumps(value, indent=1, ensure_ascii=False), quote=False)
    return f"<pre>{_REFERENCE.sub(_link, text)}</pre>"


def _link(found: re.Match[str]) -> str:
    return f'<a href="#{found[1]}-{found[2]}">{found[0]}</a>'
