"""Applications of partners that customers let act for them: where they ask for codes, and how these are exchanged."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hamcrest import has_entries
from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.matcher import Matcher

from support.configuration.draft import Draft
from support.configuration.rehearsals import Rehearsal, operator_logs_in
from support.configuration.rotation import new_secret
from support.configuration.running import change
from support.matchers.faultless import faultless
from support.platform.dialect import Meaning
from support.platform.driver import Anyone, Caller
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World

_STATE = "state & more"
_OWN_OF_DEVELOPMENT = {"id": "development-portal", "redirect_uris": ["https://portal.development.example/callback"]}

ADDRESSES: Mapping[str, Callable[[str], str]] = {
    "the registered address with more path": lambda known: f"{known}/more",
    "the registered address without its path": lambda known: known.rpartition("/")[0],
    "the registered address with a query": lambda known: f"{known}?next=elsewhere",
    "the registered address with a fragment": lambda known: f"{known}#part",
    "the registered address in different capitalisation": lambda known: known.replace("callback", "Callback"),
    "the registered address unencrypted": lambda known: known.replace("https://", "http://"),
    "the registered address at a subdomain": lambda known: known.replace("://", "://evil."),
    "the registered address at another port": lambda known: known.replace(".example/", ".example:8443/"),
    "another application's address": lambda known: str(_OWN_OF_DEVELOPMENT["redirect_uris"][0]),
}


@dataclass(frozen=True, slots=True)
class Application:
    """An application as it is configured."""

    id: str
    secret: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """A code, with everything that it must be exchanged with, and the customer who has given it."""

    customer: User
    exchange: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Acting:
    """What the exchange of a code was answered."""

    answer: Outcome


def application_of(draft: Draft) -> Application:
    """The application that a configuration knows."""
    (known,) = draft.value(draft.facts.applications)
    return Application(known["id"], known["secret"], tuple(known["redirect_uris"]))


def deployed(world: World) -> Application:
    """The application that the deployed configuration knows."""
    return application_of(Draft.of_deployed(world))


def ask(platform: HttpDriver, who: Caller, application: Application, address: str, verifier: str) -> Outcome:
    """Have a customer be asked to let an application act, whose code is to go to the address."""
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return platform.authorize(
        who, client_id=application.id, redirect_uri=address, code_challenge=challenge, state=_STATE
    )


def granted(world: World, customer: User) -> Grant:
    """Have the customer let the deployed application act.

    :raises NotShown: the platform gives no code.
    """
    application, verifier = deployed(world), secrets.token_urlsafe(48)
    address = application.addresses[0]
    sent_to: str = ask(world.platform, customer, application, address, verifier).require()
    codes = parse_qs(urlsplit(sent_to).query).get("code", [])
    if len(codes) != 1:
        raise NotShown(f"there is no code in {sent_to}")
    exchange = {"client_id": application.id, "client_secret": application.secret, "code": codes[0]}
    return world.keep(Grant(customer, {**exchange, "redirect_uri": address, "code_verifier": verifier}))


def let_act(world: World, customer: User) -> None:
    """Have the customer let the application act, and the application exchange its code."""
    world.keep(Acting(world.platform.exchange_code(Anyone(), **granted(world, customer).exchange)))


def exchange_again(world: World) -> Outcome:
    """Have the code exchanged once more, with all that it must be exchanged with."""
    return world.platform.exchange_code(Anyone(), **world.kept(Grant).exchange)


EXCHANGED_WITH: Mapping[str, Callable[[Application], Mapping[str, str]]] = {
    "another PKCE verifier": lambda application: {"code_verifier": secrets.token_urlsafe(48)},
    "another client secret": lambda application: {"client_secret": secrets.token_urlsafe(36)},
    "another registered address": lambda application: {"redirect_uri": application.addresses[1]},
    "another application's login": lambda application: {"client_id": "another-portal"},
}


def exchange_with(world: World, customer: User, other: Callable[[Application], Mapping[str, str]]) -> Outcome:
    """Have a code exchanged with something else than it must be."""
    return world.platform.exchange_code(Anyone(), **{**granted(world, customer).exchange, **other(deployed(world))})


def acting(world: World) -> Mapping[str, Any]:
    """Who the platform says that the application is, and what it can do: read the account, and list conversations."""
    answer = world.kept(Acting).answer
    if not answer.done:
        return {"exchange": str(answer)}
    bearer = Anyone(answer.value.access_token)
    account = world.platform.me(bearer)
    return {
        "user": account.value.user_id if account.done else str(account),
        "conversations": world.platform.threads(bearer).done,
    }


def ask_at(world: World, customer: User, address: Callable[[str], str]) -> Outcome:
    """Have the customer be asked to let the application act at an address made of the registered one."""
    application = deployed(world)
    world.keep(Asked(customer))
    return ask(world.platform, customer, application, address(application.addresses[0]), secrets.token_urlsafe(48))


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked."""

    customer: User


def ask_at_registered(world: World) -> Outcome:
    """The same customer is asked at each address that is registered; the last answer."""
    application, customer = deployed(world), world.kept(Asked).customer
    answers = [
        ask(world.platform, customer, application, each, secrets.token_urlsafe(48)) for each in application.addresses
    ]
    return next((answer for answer in answers if not answer.done), answers[-1])


@dataclass(frozen=True, slots=True)
class Replaced:
    """The address at which codes went to the application before the operator registered others."""

    address: str


def replace_addresses(world: World) -> None:
    """Have other addresses registered for the application."""
    world.keep(Replaced(deployed(world).addresses[0]))
    change(world, _with_other_addresses)


def _with_other_addresses(draft: Draft) -> None:
    (known,) = draft.value(draft.facts.applications)
    draft.set(draft.facts.applications, [{**known, "redirect_uris": ["https://moved.example/callback"]}])


def ask_at_both(world: World) -> Mapping[str, Outcome]:
    """The customer who has let the application act is asked at its former address, and at the one of now."""
    application, customer = deployed(world), world.kept(Grant).customer
    addresses = {"former": world.kept(Replaced).address, "registered": application.addresses[0]}
    return {
        name: ask(world.platform, customer, application, address, secrets.token_urlsafe(48))
        for name, address in addresses.items()
    }


@dataclass(frozen=True, slots=True)
class Visits:
    """What the application of each environment was answered in its own, and in the other one."""

    own: tuple[Outcome, ...]
    foreign: tuple[Outcome, ...]


def with_own_application(draft: Draft) -> None:
    """Have another application, and not that of the deployed configuration."""
    draft.set(draft.facts.applications, [{**_OWN_OF_DEVELOPMENT, "secret": new_secret()}])


def visit(world: World) -> Visits:
    """The operator of each environment is asked by both applications there."""
    rehearsal = world.kept(Rehearsal)
    places = {
        "here": (world.platform, deployed(world)),
        "there": (rehearsal.platform, application_of(rehearsal.candidate.draft)),
    }
    own, foreign = [], []
    for name, (platform, application) in places.items():
        bearer = Anyone(operator_logs_in(world, platform).require().access_token)
        (other_one,) = (known for other, (_, known) in places.items() if other != name)
        own.append(ask(platform, bearer, application, application.addresses[0], "verifier"))
        foreign += [
            ask(platform, bearer, other_one, other_one.addresses[0], "verifier"),
            ask(platform, bearer, application, other_one.addresses[0], "verifier"),
        ]
    return Visits(tuple(own), tuple(foreign))


# -- matchers ---------------------------------------------------------------------------------------------------------


def is_session_of(customer: User) -> BaseMatcher[Mapping[str, Any]]:
    """It is the customer's, and can do what the customer can."""
    expected = {"user": customer.id, "conversations": True}
    return faultless(f"a session of {customer}", lambda seen: [] if seen == expected else [f"{seen}"])


def is_unauthenticated() -> BaseMatcher[Outcome]:
    """Refused as somebody who is not known."""
    return faultless(
        "refused as not authenticated", lambda seen: [] if seen.meaning is Meaning.UNAUTHENTICATED else [str(seen)]
    )


def names_the_address() -> BaseMatcher[Outcome]:
    """Refused because of the address alone."""
    return faultless("refused because of the address", lambda seen: _faults(seen, "redirect_uri"))


def sends_a_code_there(world: World) -> BaseMatcher[Outcome]:
    """The customer goes on at a registered address, with a code and the state."""
    addresses = [urlsplit(each) for each in deployed(world).addresses]

    def faults_of(seen: Outcome) -> list[str]:
        if not seen.done:
            return [str(seen)]
        there = urlsplit(seen.value)
        query = parse_qs(there.query)
        known = [each for each in addresses if each[:3] == there[:3] and parse_qs(each.query).items() <= query.items()]
        return [] if known and query.get("state") == [_STATE] and len(query.get("code", [])) == 1 else [seen.value]

    return faultless("the registered address with a code and the state", faults_of)


def is_moved(world: World) -> Matcher[Mapping[str, Outcome]]:
    """A code is sent to the address of now alone."""
    return has_entries(former=names_the_address(), registered=sends_a_code_there(world))


def know_their_own() -> BaseMatcher[Visits]:
    """Each environment gives its own application a code, and refuses the other one, and its address."""

    def faults_of(visits: Visits) -> list[str]:
        wrong = [str(answer) for answer in visits.own if not answer.done]
        return wrong + [
            fault
            for number, answer in enumerate(visits.foreign)
            for fault in _faults(answer, "client_id" if number % 2 == 0 else "redirect_uri")
        ]

    return faultless("codes for the environment's own application alone", faults_of)


def _faults(seen: Outcome, field: str) -> list[str]:
    named = [str(error.get("field")) for error in seen.problem.errors] if seen.problem else []
    return [] if seen.meaning is Meaning.CONFLICT and named == [field] else [f"{seen} names {named}, expected {field}"]
