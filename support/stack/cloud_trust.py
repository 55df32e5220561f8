"""Whom the simulated cloud's accounts admit: whoever knows the external ID of a role, and nobody else.

moto looks at no role's trust policy. ``PUT /_trust`` with ``{"role_arn": ..., "external_id": ...}`` says what one says;
a role of which nothing was said can be entered by everybody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Request, Response

PATH = "/_trust"
_DENIED = """\
<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code>
<Message>Not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>
"""


class Trusting:
    """The application, with roles that ask for their external ID."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._external_ids: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer as the application would, unless a role does not admit who asks."""
        request = Request(environ)
        if request.path == PATH:
            said: Mapping[str, str] = json.loads(request.get_data())
            self._external_ids[said["role_arn"]] = said["external_id"]
            return Response(status=204)(environ, start_response)
        # Which service it is stands before the signature; only this one's requests are read.
        if not request.headers.get("Authorization", "").partition(",")[0].endswith("/sts/aws4_request"):
            return self._application(environ, start_response)
        body = request.get_data(cache=False)
        environ["wsgi.input"] = BytesIO(body)
        asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        admitted = self._external_ids.get(asked.get("RoleArn", ""))
        if admitted is not None and asked.get("ExternalId") != admitted:
            return Response(_DENIED, 403, content_type="text/xml")(environ, start_response)
        return self._application(environ, start_response)
