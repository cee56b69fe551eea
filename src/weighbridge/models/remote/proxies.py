"""The proxy that the environment names for an address."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(url: str) -> tuple[str, tuple[str, str] | None] | None:
    """(address, (user, password) or None) of the proxy for `url`; None where it is to be reached directly.

    Reads ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` in either case, as the standard library.
    """
    parts = urlsplit(url)
    known = getproxies()
    proxy = known.get(parts.scheme) or known.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    found = urlsplit(proxy)
    if found.username is None:
        return proxy, None
    bare = found._replace(netloc=found.netloc.rpartition("@")[2]).geturl()
    return bare, (unquote(found.username), unquote(found.password or ""))
