"""Many who ask at once: a crowd in a process of its own, or a few side by side in this one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from requests.structures import CaseInsensitiveDict

from support.load.process import LoadProcess
from support.platform.http import Described, HttpDriver
from support.platform.outcome import Outcome
from support.platform.trace import new_trace_id, traceparent
from support.scenario.users import User
from support.scenario.world import World
from support.stores.locks import Hold

# So many keep the platform at work and do not crowd it.
_A_FEW = 4

Send = Callable[[HttpDriver, User], Outcome]
"""A verb of the driver, sent by a user."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class CrowdRequest:
    """What a member of a crowd asks of the API: ``send`` with a verb of the driver.

    ``after``: seconds from the crowd's beginning, 0 for at once. ``pause``: seconds between the answer before and this
    request. ``about``: what its maker wants to know of it again.
    """

    who: User
    send: Send
    after: float = 0.0
    pause: float = 0.0
    about: Any = None


class HttpCrowd:
    """Members who ask, each one after the other and all side by side, from the making of the crowd on."""

    def __init__(self, world: World, members: Mapping[str, Sequence[CrowdRequest]]) -> None:
        self._world = world
        self._members = members
        self._load = LoadProcess("requests")
        world.books.close()  # what the crowd writes is not entered
        world.undo.register("end the crowd", self._load.close)
        self._load.order("begin", members={name: list(map(self._wire, plan)) for name, plan in members.items()})

    def answers(self, more: int | None = None) -> list[tuple[CrowdRequest, Outcome]]:
        """Every request with what came of it, once all of them are through.

        :param more: how many requests each member still makes at most; None: all of them.
        """
        results, _ = self._load.order("finish", more=more)
        self._load.close()
        answers = [self._answer(result) for result in results]
        self._world.evidence.answers += [answer for _, answer in answers]
        return answers

    def kill(self) -> None:
        """The program of the crowd is gone at once, with its requests unanswered."""
        self._load.kill()

    def _wire(self, request: CrowdRequest) -> dict[str, Any]:
        trace = {"traceparent": traceparent(new_trace_id()), "authorization": f"Bearer {request.who.access_token}"}
        described = self._described(request)
        platform = self._world.platform
        url = platform.services[platform.api] + described.path
        when = {"after": request.after, "pause": request.pause}
        return {"method": described.method, "url": url, "headers": trace, "json": described.json, **when}

    def _described(self, request: CrowdRequest) -> Described:
        return self._world.platform.described(lambda platform: request.send(platform, request.who))

    def _answer(self, result: Mapping[str, Any]) -> tuple[CrowdRequest, Outcome]:
        request = self._members[result["name"]][result["number"]]
        described = self._described(request)
        outcome = Outcome(
            described.method,
            described.path,
            result["status"],
            CaseInsensitiveDict(result["headers"]),
            text=result["text"],
            error=result["error"],
            meaning=self._world.platform.dialect.meaning(result["status"] or 0),
            seconds=result["seconds"],
            sent_at=result["sent"],
            read=described.read,
        )
        return request, outcome


def a_few_at_a_time(ask: Callable[[T], R], things: Iterable[T]) -> list[R]:
    """What came of asking for each thing, in their order; in which order they are asked for is nobody's concern."""
    with ThreadPoolExecutor(_A_FEW) as together:
        return list(together.map(ask, things))


def side_by_side(hold: Hold, *asks: Callable[[], Outcome]) -> list[Outcome]:
    """Have all asked at once: what all of them need is held until every one of them waits for it."""
    with ThreadPoolExecutor(len(asks)) as together:
        answers = [together.submit(ask) for ask in asks]
        try:
            hold.wait_for(len(asks))
        finally:
            hold.release()
        return [answer.result() for answer in answers]
