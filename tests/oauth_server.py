"""A small OAuth 2 server of the test's own: it checks PKCE, renews, takes consents back, and can be asked
by an IMAP server whether a token is good."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.waiting import until

CLIENT, SECRET = "helpdesk-client", "client-secret"


@dataclass
class OAuthServer:
    """`denies` consent; `revoked` refuses every refresh token; `lasts` is what it says of access tokens."""

    port: int = 0
    denies: bool = False
    revoked: bool = False
    lasts: int = 3600
    gives_bad_tokens: bool = False
    good: set[str] = field(default_factory=set)
    grants: list[str] = field(default_factory=list)
    _codes: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def authorize(self, request: Request) -> Response:
        asked = request.query_params
        assert asked["client_id"] == CLIENT
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        if self.denies:
            return RedirectResponse(f"{asked['redirect_uri']}?state={asked['state']}&error=access_denied")
        code = secrets.token_urlsafe()
        self._codes[code] = asked["code_challenge"]
        return RedirectResponse(f"{asked['redirect_uri']}?state={asked['state']}&code={code}")

    async def token(self, request: Request) -> Response:
        form = await request.form()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        self.grants.append(str(form["grant_type"]))
        if form["grant_type"] == "authorization_code":
            verifier = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
            wanted = self._codes.pop(str(form["code"]), "")
            if base64.urlsafe_b64encode(verifier).decode().rstrip("=") != wanted:
                return JSONResponse({"error": "invalid_grant"}, 400)
        elif self.revoked:
            said = {"error": "invalid_grant", "error_description": "Token has been revoked."}
            return JSONResponse(said, 400)
        token = secrets.token_urlsafe()
        if not self.gives_bad_tokens:
            self.good.add(token)
        return JSONResponse(
            {"access_token": token, "token_type": "Bearer", "expires_in": self.lasts}
            | {"refresh_token": "renewed-" + secrets.token_hex(4)}
        )

    async def introspect(self, request: Request) -> Response:
        token = request.query_params.get("token") or str((await request.form()).get("token", ""))
        return JSONResponse({"active": token in self.good, "username": "support", "email": "support"})


@asynccontextmanager
async def an_oauth_server() -> AsyncIterator[OAuthServer]:
    held = OAuthServer()
    routes = [
        Route("/authorize", held.authorize),
        Route("/token", held.token, methods=["POST"]),
        Route("/introspect", held.introspect, methods=["GET", "POST"]),
    ]
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=routes), port=0, log_level="error", lifespan="off")
    )
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    held.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield held
    finally:
        server.should_exit = True
        await task
