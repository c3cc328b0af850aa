"""Redirects: followed on the same host, within bounds, and never in a circle."""

from __future__ import annotations

from services.crawler.task import Task
from services.crawler.visit import Failure, Redirect
from shared.fetching import host_of, url_problem


def next_hop(task: Task, redirect: Redirect, most: int) -> Failure | None:
    """Lead ``task`` to where a redirect on its host points.

    Returns why not, if so; leaves the task alone when the redirect leads to another host.
    """
    chain = [*task.read().redirects, *task.hops, task.url]
    problem = url_problem(redirect.url)
    if problem:
        return Failure("bad_redirect", f"to {redirect.url[:500]!r}: {problem}", again=False)
    if redirect.url.partition("#")[0] in {url.partition("#")[0] for url in chain}:
        return Failure("too_many_redirects", f"in a circle, to {redirect.url}", again=False)
    if len(chain) > most:
        return Failure("too_many_redirects", f"more than {most}, at {redirect.url}", again=False)
    if host_of(redirect.url) == task.host:
        task.hops = (*task.hops, task.url)
        task.url = redirect.url
        task.permanent = task.permanent and redirect.permanent
    return None
