"""How many live connections the platform has, by its own count."""

from support.platform.dialect import Meaning
from support.platform.driver import Anyone
from support.platform.http import HttpDriver
from support.stack.client import Addresses


class Headcount:
    """How many live connections the platform counts, as its operator reads it."""

    def __init__(self, platform: HttpDriver, addresses: Addresses) -> None:
        self._platform, self._operator = platform, Anyone()
        self._email, self._password = addresses.operator_email, addresses.operator_password

    def __call__(self) -> int:
        """
        :raises NotShown: the platform does not say.
        """
        counted = self._platform.operator_connections(self._operator)
        if counted.meaning is Meaning.UNAUTHENTICATED:
            session = self._platform.log_in(self._operator, email=self._email, password=self._password).require()
            self._operator.access_token = session.access_token
            counted = self._platform.operator_connections(self._operator)
        return int(counted.require().open)
