"""The words of service coordination in sentences; see support/scenario/words.py."""

from support.scenario.words import entry, kind
from support.scenario.work import Work
from support.service_coordination import concurrent_jobs, event_order, instance_failover, job_records, research
from support.service_coordination.service_discovery import EVENTS, FIRST, SECOND, RunningInstances

WORK: dict[str, Work] = {
    "research on three topics": research.of(1, 3),
    "two research tasks on three topics each in parallel": research.of(2, 3),
    "research on two topics while the partner holds back the second": research.of(1, 2, answered=1),
    "ten usage reports under one trace at the same time": concurrent_jobs.under_one_trace(10),
    "twenty research jobs at the same time": concurrent_jobs.of_one_customer(20),
    "twenty research jobs under one trace at the same time": concurrent_jobs.of_one_customer(20, one_trace=True),
    "research on three topics while the event stream accepts no report of the second": event_order.with_a_lost_report,
    "four research tasks in parallel while the first instance's responses are lost": instance_failover.lose_responses,
    "a usage report while acknowledgements of the run's job record are lost": (
        job_records.report_without_acknowledgements
    ),
}
TYPES = {
    "Instance": entry({"first": FIRST, "second": SECOND}),
    "Instances": kind(RunningInstances),
    "InstanceEvent": entry(EVENTS),
}
