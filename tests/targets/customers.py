"""Customers of a real platform in the tests of its driver: who they are, what they run, what they receive."""

import uuid

from support.platform.driver import Anyone
from support.platform.events import EventCapture
from support.platform.http import HttpDriver
from support.platform.runs import Run
from support.scenario import agents
from support.scenario.waiting import wait_for

WITHIN = 20.0


def somebody(platform: HttpDriver) -> Anyone:
    """A customer like no other, of a platform whose tokens are made here."""
    email = f"{uuid.uuid4().hex}@acme.example"
    return Anyone(platform.log_in(Anyone(), email=email, password="").require().access_token)


def ended(platform: HttpDriver, customer: Anyone, run: Run) -> Run:
    """A run once it has ended."""
    read = wait_for(
        lambda: platform.run(customer, run.id), lambda seen: seen.done and seen.value.status.is_end, WITHIN, "the end"
    )
    found: Run = read.value.value
    return found


def watched(platform: HttpDriver, customer: Anyone, run: Run) -> EventCapture:
    """What its owner has received of a run, to its end."""
    capture = EventCapture(platform.transport(), platform.dialect, lambda: customer.access_token, name="a customer")
    capture.connect()
    capture.follow(run.id, run.request.thread_id)
    capture.wait_for_end(run.id, within=WITHIN)
    return capture


def run_of(platform: HttpDriver, customer: Anyone, script: agents.Script, agent: str = agents.PROBE) -> Run:
    """A run of an agent with a script."""
    started: Run = platform.start_run(customer, agent, input=script).require()
    return started
