"""What a customer owns and has used, and what the platform must say about it.

The expected answer is computed here from what was planted and from the partner's price table, by the published
rules and in decimals, without asking the platform anything:

- over the running instances with CPU figures of the last 14 days;
- average below 5 %: idle, stopping it saves its price of 730 hours;
- average from 5 % and below 20 %: oversized, the next smaller size of its family saves the difference;
- each saving is rounded half up to cents, the total is their sum.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

HOURS_PER_MONTH = 730
SIZES = ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge")
IDLE_BELOW = 5.0
OVERSIZED_BELOW = 20.0

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Group:
    """Instances alike. ``cpu`` is their average in per cent, None: never measured."""

    count: int
    instance_type: str
    cpu: float | None
    running: bool = True


def idle(count: int, instance_type: str = "t3.medium", cpu: float = 1.5) -> Group:
    """Instances that nobody uses."""
    return Group(count, instance_type, cpu)


def oversized(count: int, instance_type: str = "m5.xlarge", cpu: float = 12.5) -> Group:
    """Instances for which the next smaller size would do."""
    return Group(count, instance_type, cpu)


def busy(count: int, instance_type: str = "t3.large", cpu: float = 62.5) -> Group:
    """Instances that are well used."""
    return Group(count, instance_type, cpu)


def unmeasured(count: int, instance_type: str = "t3.small") -> Group:
    """Instances without any figures, which nobody can judge."""
    return Group(count, instance_type, None)


def varied(chance: random.Random | None = None) -> list[Group]:
    """A small inventory in which everything occurs and which is unlike the next one."""
    chance = chance or random.Random()
    return [
        idle(
            chance.randint(1, 3), chance.choice(("t3.medium", "t3.large", "m5.large")), chance.choice((0.5, 1.5, 4.75))
        ),
        oversized(
            chance.randint(1, 3),
            chance.choice(("m5.2xlarge", "m5.xlarge", "m5.large", "t3.large")),
            chance.choice((5.0, 9.5, 19.75)),
        ),
        # The largest size there is.
        oversized(1, chance.choice(("m5.4xlarge", "c5.4xlarge")), 9.5),
        busy(chance.randint(1, 2), chance.choice(("t3.medium", "m5.large")), chance.choice((20.0, 45.5, 90.0))),
        idle(1, "m5.large", 0.0),
        unmeasured(1),
    ]


@dataclass(frozen=True, slots=True)
class Instance:
    """One planted instance; ``average_cpu`` in per cent."""

    id: str
    name: str
    type: str
    average_cpu: float | None
    running: bool


@dataclass(frozen=True, slots=True)
class ExpectedFinding:
    """What must be said about one instance."""

    resource_id: str
    name: str
    instance_type: str
    finding: str
    recommended_instance_type: str | None
    monthly_savings: Decimal


@dataclass(frozen=True, slots=True)
class ExpectedSavings:
    """What a cost analysis must come to."""

    monthly_savings: Decimal
    findings: tuple[ExpectedFinding, ...]


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Hourly prices by instance type, as the partner tells them."""

    prices: Mapping[str, Decimal]

    def smaller(self, instance_type: str) -> str | None:
        """The next smaller size of the same family, if it has a price."""
        family, _, size = instance_type.partition(".")
        position = SIZES.index(size)
        candidate = f"{family}.{SIZES[position - 1]}" if position else None
        return candidate if candidate in self.prices else None


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a tenant owns."""

    instances: tuple[Instance, ...]

    def expected(self, prices: PriceTable) -> ExpectedSavings:
        """What a cost analysis must find, by the rules at the head of this module."""
        findings = [found for instance in self.instances if (found := _judged(instance, prices))]
        findings.sort(key=lambda found: (-found.monthly_savings, found.resource_id))
        return ExpectedSavings(sum((found.monthly_savings for found in findings), Decimal("0.00")), tuple(findings))

    @property
    def unmeasured(self) -> int:
        """How many running instances have no figures."""
        return sum(1 for instance in self.instances if instance.running and instance.average_cpu is None)


def _judged(instance: Instance, prices: PriceTable) -> ExpectedFinding | None:
    cpu = instance.average_cpu
    if not instance.running or cpu is None or cpu >= OVERSIZED_BELOW:
        return None
    price = prices.prices[instance.type]
    if cpu < IDLE_BELOW:
        return _finding(instance, "idle", None, price)
    smaller = prices.smaller(instance.type)
    if smaller is None:
        return None
    return _finding(instance, "oversized", smaller, price - prices.prices[smaller])


def _finding(instance: Instance, kind: str, recommended: str | None, hourly: Decimal) -> ExpectedFinding:
    saving = (hourly * HOURS_PER_MONTH).quantize(_CENT, ROUND_HALF_UP)
    return ExpectedFinding(instance.id, instance.name, instance.type, kind, recommended, saving)


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """What one service was used, and cost, on one day."""

    service: str
    day: date
    quantity: Decimal
    cost: Decimal

    def wire(self) -> dict[str, str]:
        return {
            "service": self.service,
            "day": self.day.isoformat(),
            "quantity": str(self.quantity),
            "cost": str(self.cost),
        }


@dataclass(frozen=True, slots=True)
class ServiceTotal:
    """The sum over one service."""

    service: str
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class UsageRecords:
    """A tenant's usage records, and the totals that a report must come to."""

    records: tuple[UsageRecord, ...] = field(default_factory=tuple)

    @classmethod
    def varied(cls, marker: str, days: int = 5, chance: random.Random | None = None) -> "UsageRecords":
        """Records of three services over some days, unlike the next ones; service names carry the marker."""
        chance = chance or random.Random()
        first = datetime.now(UTC).date() - timedelta(days=days)
        return cls(
            tuple(
                UsageRecord(
                    f"{service} {marker}",
                    first + timedelta(days=day),
                    Decimal(chance.randint(1, 50_000)) / 1000,
                    Decimal(chance.randint(1, 99_999)) / 100,
                )
                for day in range(days)
                for service in ("compute", "storage", "network")
            )
        )

    @property
    def total_cost(self) -> Decimal:
        return sum((record.cost for record in self.records), Decimal(0))

    @property
    def by_service(self) -> dict[str, ServiceTotal]:
        """Quantity and cost of each cloud service."""
        totals: dict[str, ServiceTotal] = {}
        for record in self.records:
            before = totals.get(record.service, ServiceTotal(record.service, Decimal(0), Decimal(0)))
            totals[record.service] = ServiceTotal(
                record.service, before.quantity + record.quantity, before.cost + record.cost
            )
        return totals
