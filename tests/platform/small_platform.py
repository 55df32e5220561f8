"""A small platform as somebody else may have it: `python -m tests.platform.small_platform PORT`; it reads its key.

It is clear about unknown agents, and locks out whoever has asked for five of them, which nobody was told of.
"""

import sys
import uuid
from collections import defaultdict
from decimal import Decimal
from typing import Any

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

AGENTS = ["usage_report", "greeter"]
RUNS: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
REFUSED: dict[str, list[str]] = defaultdict(list)
PATIENCE = 5
KEY: list[str] = []
USAGE: dict[str, list[dict[str, Any]]] = defaultdict(list)


def caller(request: Request) -> str:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    return str(jwt.decode(token, KEY[0], ["HS256"])["sub"])


async def agents(request: Request) -> Response:
    return JSONResponse([{"name": name} for name in AGENTS])


async def usage(request: Request) -> Response:
    USAGE[caller(request)] += await request.json()
    return JSONResponse({})


async def start(request: Request) -> Response:
    asked, who = await request.json(), caller(request)
    if len(REFUSED[who]) >= PATIENCE:
        return JSONResponse({"code": "locked", "message": "You are locked out."}, 422)
    if asked["agent"] not in AGENTS:
        REFUSED[who].append(asked["agent"])
        message = f"There is no agent {asked['agent']!r}. There are {', '.join(AGENTS)}."
        return JSONResponse({"code": "unknown_agent", "message": message, "agents": AGENTS}, 422)
    run = {"id": str(uuid.uuid4()), "agent": asked["agent"], "status": "completed", "answer": report(USAGE[who])}
    RUNS[who][str(run["id"])] = run
    return JSONResponse(run, 201)


def report(records: list[dict[str, Any]]) -> dict[str, Any]:
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for record in records:
        costs[record["service"]] += Decimal(record["cost"])
    return {"currency": "USD", "total_cost": str(sum(costs.values(), Decimal("0.00"))), "records": len(records)}


async def runs(request: Request) -> Response:
    return JSONResponse(list(RUNS[caller(request)].values()))


async def run(request: Request) -> Response:
    found = RUNS[caller(request)].get(request.path_params["id"])
    return JSONResponse(found) if found else JSONResponse({"code": "not_found", "message": "There is none."}, 404)


async def health(request: Request) -> Response:
    return JSONResponse({})


def main() -> None:
    """Serve under the path /small."""
    KEY.append(sys.stdin.readline().strip())
    routes = [
        Route("/agents", agents),
        Route("/usage", usage, methods=["PUT"]),
        Route("/runs", start, methods=["POST"]),
        Route("/runs", runs),
        Route("/runs/{id}", run),
        Route("/health", health),
    ]
    app = Starlette(routes=[Mount("/small", routes=routes)])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
