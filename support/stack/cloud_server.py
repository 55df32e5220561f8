"""The simulated cloud: `python -m support.stack.cloud_server PORT` serves moto, warmed up for what the agents use."""

from __future__ import annotations

import gc
import logging
import sys
from typing import Any

from botocore.loaders import JSONFileLoader, Loader
from werkzeug.serving import make_server
from werkzeug.test import Client

from support.stack.ports import LOOPBACK

# One call to each service that is used; the first call to a service loads its model, for over a second at EC2.
_FIRST_CALLS = (
    ("sts", "Action=AssumeRole&Version=2011-06-15&RoleSessionName=first&RoleArn=arn:aws:iam::000000000001:role/first"),
    ("ec2", "Action=DescribeInstances&Version=2016-11-15"),
    ("ec2", "Action=RunInstances&Version=2016-11-15&ImageId=ami-12c6146b&MinCount=1&MaxCount=1&InstanceType=t3.micro"),
    ("monitoring", "Action=ListMetrics&Version=2010-08-01"),
)


def _read_models_once() -> None:
    """Let all sessions of this process share what they read from botocore's large files, and their list.

    moto makes a session for each service, also while it is imported, and each would read the same files again:
    sharing them halves the time until the cloud is ready.
    """
    read, find = JSONFileLoader.load_file, Loader.list_available_services
    known: dict[str, Any] = {}
    found: dict[str, list[str]] = {}

    def load_file(self: JSONFileLoader, file_path: str) -> Any:
        if file_path not in known:
            known[file_path] = read(self, file_path)
        return known[file_path]

    def list_available_services(self: Loader, type_name: str) -> list[str]:
        if type_name not in found:
            found[type_name] = find(self, type_name)
        return found[type_name]

    JSONFileLoader.load_file = load_file  # type: ignore[method-assign]
    Loader.list_available_services = list_available_services  # type: ignore[method-assign]


def _application() -> Any:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from support.stack.cloud_speed import Remembered, make_quick  # loads moto, as the line above does
    from support.stack.cloud_trust import Trusting

    make_quick()
    return Trusting(Remembered(DomainDispatcherApplication(create_backend_app)))


def _warm_up(application: Any) -> None:
    client = Client(application)
    for service, body in _FIRST_CALLS:
        signature = f"AWS4-HMAC-SHA256 Credential=AKIA/20250101/us-east-1/{service}/aws4_request, SignedHeaders=host"
        answer = client.post(
            "/",
            data=body,
            headers={
                "Authorization": signature,
                "Host": f"{service}.us-east-1.amazonaws.com",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        if answer.status_code != 200:
            raise RuntimeError(f"the first call to {service} failed: {answer.status_code} {answer.text}")
    client.post("/moto-api/reset")


def main() -> None:
    """Warm up, then serve; the port opens only when everything is loaded."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    # What is loaded now stays: a collector that looks at it again and again meanwhile only makes the start longer.
    gc.disable()
    _read_models_once()
    application = _application()
    _warm_up(application)
    gc.freeze()
    gc.enable()
    make_server(LOOPBACK, int(sys.argv[1]), application, threaded=True).serve_forever()


if __name__ == "__main__":
    main()
