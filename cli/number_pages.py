"""Numbers page by page, as many as a command wants."""

from collections.abc import Iterator

from cli.request import Request
from number_inventory.bootstrap import lookups
from number_inventory.ports.numbers import NumberPage, NumberQuery
from number_inventory.services.lookup import MAX_LIMIT


def pages_of(
    request: Request, query: NumberQuery, limit: int | None = None, after: str | None = None
) -> Iterator[NumberPage]:
    """Pages until the limit or the end; a page may be empty and still have a next one."""
    look_up = lookups.look_up_numbers(request.settings)
    left = limit
    while True:
        page = look_up.page(query, MAX_LIMIT if left is None else min(left, MAX_LIMIT), after)
        yield page
        left = None if left is None else left - len(page.numbers)
        if page.last is None or left == 0:
            return
        after = page.last
