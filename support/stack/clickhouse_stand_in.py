"""Takes the place of the program `clickhouse-server` in an image that is built here: `--config-file=FILE`.

It serves the engine of the package `chdb` behind our own HTTP interface (`clickhouse_server`), as that file says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

from support.stack import clickhouse_server

_FOLDER = Path("/tmp")


def main() -> None:
    """Serve until the process ends."""
    config = ElementTree.parse(sys.argv[1].removeprefix("--config-file=")).getroot()
    user = next(iter(config.find("users") or ()))
    backups = Path(config.findtext("backups/allowed_path", ""))
    backups.mkdir(exist_ok=True)
    settings = {
        "port": int(config.findtext("http_port", "")),
        "data": config.findtext("path"),
        "backups": str(backups),
        "user": user.tag,
        "password": user.findtext("password"),
        "database": "default",
    }
    file = _FOLDER / "settings.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(settings))
    sys.argv = [sys.argv[0], str(file)]
    clickhouse_server.main()


if __name__ == "__main__":
    main()
