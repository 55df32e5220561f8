"""Every service has one record of a job."""

from hamcrest import equal_to, greater_than

from support.matchers.faultless import is_just
from support.run.sentences import then
from support.service_coordination.job_records import Deliveries, first_found
from support.stores import job_records


@then("the job record was delivered more than once")
def _(world):
    world.expect(world.kept(Deliveries).count, greater_than(1), "deliveries of the job record")


@then("the analytics service has a record of each job")
def _(world):
    def recorded():
        return sorted(row["run_id"] for row in job_records.job_rows(world, world.runs))

    world.eventually(recorded, equal_to(sorted(run.run_id for run in world.runs)), "records agree", "the job records")


@then("{customer:User} finds the record of each job by its run")
def _(world, customer):
    world.expect(first_found(world, customer), is_just({run.run_id: [run.run_id] for run in world.runs}))
