"""Who is answered: requests that name this machine as their host, from our own page or a program, of a sane size.

A page from elsewhere that has its name resolve to 127.0.0.1 (DNS rebinding) sends its own name as Host; one that posts
to us sends its Origin. Both are refused before anything is read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import JSONResponse

from twinbrush.app.studio.models import Trouble

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
MOST_JSON = 1 << 20  # bytes of a request that is no upload
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
VIEWER_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'")


class Guard:
    """ASGI middleware. port: where the service listens."""

    def __init__(self, app: App, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in LOCAL_NAMES} | (set(LOCAL_NAMES) if port == 80 else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on and add the headers that keep others out."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":  # there are no web sockets here
            return None
        headers = [(name.lower(), value) for name, value in scope["headers"]]
        problem = self._problem(scope["method"], headers)
        guarded = _hardened(send, viewer=str(scope["path"]).endswith("/viewer.html"))
        if problem is not None:
            status, text = problem
            refusal = Trouble(kind="Refused", problem=text, remedy="Open the studio at its own address here.")
            return await JSONResponse(refusal.model_dump(), status_code=status)(scope, receive, guarded)
        limited = receive if scope["path"] == "/api/pictures" else _limited(receive)
        return await self._app(scope, limited, guarded)

    def _problem(self, method: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, str] | None:
        found: dict[bytes, list[str]] = {}
        for name, value in headers:
            found.setdefault(name, []).append(value.decode("latin-1").lower())
        hosts = found.get(b"host", [])
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return 421, "This name is not the studio's."
        origins = found.get(b"origin", [])
        if any(origin != f"http://{hosts[0]}" for origin in origins):
            return 403, "Requests from other pages are not answered."
        site = found.get(b"sec-fetch-site", ["none"])[0]
        if site not in ("none", "same-origin") and method != "GET":
            return 403, "Requests from other pages are not answered."
        if site == "cross-site" and found.get(b"sec-fetch-mode", [""])[0] != "navigate":
            return 403, "Requests from other pages are not answered."
        lengths = found.get(b"content-length", [])
        if any(not length.isdigit() for length in lengths):
            return 400, "The request has no sane length."
        return None


def _hardened(send: Send, *, viewer: bool) -> Send:
    async def hardened(message: Message) -> None:
        if message["type"] == "http.response.start":
            policy = VIEWER_POLICY if viewer else PAGE_POLICY
            message["headers"] = [
                *message.get("headers", []), (b"content-security-policy", policy.encode()),
                (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"),
                (b"cross-origin-resource-policy", b"same-origin"), (b"cross-origin-opener-policy", b"same-origin"),
                (b"x-frame-options", b"SAMEORIGIN" if viewer else b"DENY")]
        await send(message)

    return hardened


def _limited(receive: Receive) -> Receive:
    """What reads a request's body, at most MOST_JSON bytes of it: what is cut off is no JSON and is refused as that."""
    count = 0

    async def limited() -> Message:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > MOST_JSON:
            return {"type": "http.request", "body": b"", "more_body": False}
        return message

    return limited
