"""Addresses of a running stack, as they are told over its control socket."""

from pathlib import Path

from support.stack.addresses import Addresses

TOLD = {"backend_url": "http://127.0.0.1:1", "log_dir": "/logs", "run_dir": "/run"}


def test_what_is_told_is_read_back():
    addresses = Addresses.from_json(TOLD)
    assert Addresses.from_json(addresses.to_json()) == addresses
    assert (addresses.backend_url, addresses.run_dir) == ("http://127.0.0.1:1", Path("/run"))


def test_a_stack_kept_since_other_sources_can_still_be_reached_and_ended():
    addresses = Addresses.from_json(TOLD | {"not_known_any_more": "http://127.0.0.1:2"})
    assert addresses.spare_backend_url == ""
