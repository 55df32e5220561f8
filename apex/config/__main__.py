"""``python -m apex.config``."""

import sys

from apex.config.command import main

sys.exit(main())
