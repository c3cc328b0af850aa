"""A web of up to thousands of hosts on this machine's loopback addresses, that may misbehave.

::

    async with LoopbackWeb() as web:
        web.add("news.test", "/a.html", page("<p>Hello</p>"))
        web.add("news.test", "/robots.txt", page("User-agent: *\\nDisallow: /b", "text/plain"))
        web.add("slow.test", "*", slow(page("late"), 30))
        settings = CrawlerSettings(allowed_networks=[web.network])
        client = HttpClient(settings, Resolver(settings.allowed_networks, lookup=web.lookup))
        await client.start()
        await client.get(web.url("news.test", "/a.html"))
        assert [request.path for request in web.log] == ["/a.html"]

Each host has an own address in ``web.network``, a part of 127.0.0.0/8, which is local as a whole
on Linux. All listen on one port, which stands in the URLs. 127.0.0.1 answers too, and what comes
there is kept in ``web.strayed``: a crawler that heeds its rules never comes there.
"""

from tests.web.behaviours import (
    Behaviour,
    drip,
    endless,
    endless_header,
    flood,
    gzip_bomb,
    gzipped,
    huge_headers,
    in_turn,
    lying,
    page,
    raw,
    redirect,
    retry_date,
    revalidated,
    slow,
    vanish,
)
from tests.web.loopback import LoopbackWeb, names
from tests.web.serving import Exchange, Request

__all__ = [
    "Behaviour",
    "Exchange",
    "LoopbackWeb",
    "Request",
    "drip",
    "endless",
    "endless_header",
    "flood",
    "gzip_bomb",
    "gzipped",
    "huge_headers",
    "in_turn",
    "lying",
    "names",
    "page",
    "raw",
    "redirect",
    "retry_date",
    "revalidated",
    "slow",
    "vanish",
]
