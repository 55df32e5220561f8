"""What agents do with servers: the tool calls, and what cloud accounts and results must show afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from support.cloud.servers import Account, CloudServer
from support.scenario import agents
from support.scenario.agents import Script
from support.scenario.users import Tenant, User

LARGER_TYPE = "t3.large"
"""A server type that no server has at first."""

_LABEL = "purpose"


class ServerTask(Enum):
    """What an agent does with servers; the value begins with the tool that does it."""

    LIST = "list_instances"
    LABEL = "tag_instances"
    MARK = "tag_instances without a value"
    STOP = "stop_instances"
    RESIZE = "resize_instance"

    @property
    def tool(self) -> str:
        """The tool's name."""
        return self.value.partition(" ")[0]

    def calls(self, tenant: Tenant, ids: Sequence[str]) -> list[Script]:
        """The tool calls for servers with these ids."""
        match self:
            case ServerTask.LIST:
                return [agents.call(self.tool)]
            case ServerTask.LABEL | ServerTask.MARK:
                return [agents.call(self.tool, resource_ids=list(ids), key=_LABEL, value=self._label(tenant))]
            case ServerTask.STOP:
                return [agents.call(self.tool, resource_ids=list(ids))]
            case ServerTask.RESIZE:
                return [agents.call(self.tool, resource_id=id, instance_type=LARGER_TYPE) for id in ids]

    def applied_to(self, server: CloudServer, tenant: Tenant) -> CloudServer:
        """The server after the task."""
        match self:
            case ServerTask.LIST:
                return server
            case ServerTask.LABEL | ServerTask.MARK:
                return {**server, "tags": {**server["tags"], _LABEL: self._label(tenant)}}
            case ServerTask.STOP:
                return {**server, "state": "stopped"}
            case ServerTask.RESIZE:
                return {**server, "type": LARGER_TYPE}

    def results(self, servers: Sequence[CloudServer]) -> list[dict[str, Any]]:
        """The results of the calls for servers that are now like these."""
        match self:
            case ServerTask.LIST:
                return [{"instances": [{**_size(each), "name": each["tags"].get("Name", "")} for each in servers]}]
            case ServerTask.LABEL | ServerTask.MARK:
                return [{"instances": [{"resource_id": each["id"], "tags": each["tags"]} for each in servers]}]
            case ServerTask.STOP:
                return [{"instances": [{"resource_id": each["id"], "state": each["state"]} for each in servers]}]
            case ServerTask.RESIZE:
                return [_size(each) for each in servers]

    def _label(self, tenant: Tenant) -> str:
        # It carries the tenant's marker, so that the leak canary would find it elsewhere.
        return "" if self is ServerTask.MARK else f"batch of {tenant.marker}"


def _size(server: CloudServer) -> dict[str, Any]:
    return {"resource_id": server["id"], "instance_type": server["type"], "state": server["state"]}


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """What a customer's agent was asked to do, and with which of the customer's servers."""

    customer: User
    task: ServerTask
    chosen: tuple[str, ...]

    def calls(self) -> list[Script]:
        """The tool calls that carry the request out."""
        return self.task.calls(self.customer.tenant, self.chosen)

    def results(self, now: Account) -> list[dict[str, Any]]:
        """What the calls must return, given the customer's servers as they are now."""
        return self.task.results([now[id] for id in self.chosen])


@dataclass(frozen=True, slots=True)
class TaskRequests:
    """What agents were asked to do, and every customer's servers before that, by the organisation's alias."""

    before: Mapping[str, Account]
    made: tuple[TaskRequest, ...] = ()

    def expected(self) -> dict[str, Account]:
        """Every customer's servers when each request has changed just what it names."""
        accounts = {alias: dict(servers) for alias, servers in self.before.items()}
        for request in self.made:
            tenant, servers = request.customer.tenant, accounts[request.customer.tenant.alias]
            servers |= {id: request.task.applied_to(servers[id], tenant) for id in request.chosen}
        return accounts
