"""Every service has one record of a job."""

from hamcrest import greater_than

from support.run.sentences import then
from support.service_coordination.job_records import Deliveries


@then("the job record was delivered more than once")
def _(world):
    world.expect(world.kept(Deliveries).count, greater_than(1), "deliveries of the job record")
