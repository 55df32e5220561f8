"""The sessions that the platform's services have at the database."""

from collections.abc import Mapping

from support.scenario.world import World
from support.stores import opened

_OWN = "backend_type = 'client backend' and split_part(application_name, ' ', 1) = any(%s)"
_PIDS = f"select pid, application_name from pg_stat_activity where {_OWN}"
_END = f"select pg_terminate_backend(pid, 5000) from pg_stat_activity where {_OWN}"


def of_services(world: World) -> Mapping[int, str]:
    """The process of each session of the platform's services, with the name that it bears."""
    return {int(pid): str(name) for pid, name in opened.rows(world, _PIDS, [list(world.target.instances)])}


def end_all(world: World) -> None:
    """Have the database end every session of the platform's services, as an operator would."""
    with opened.as_owner(world, autocommit=True) as connection:
        ended = connection.execute(_END.encode(), [list(world.target.instances)]).fetchall()
    world.evidence.note("fault", kind="sessions ended", count=len(ended))
