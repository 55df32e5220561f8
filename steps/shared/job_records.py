"""What the services have stored of jobs, and what the jobs returned."""

from support.matchers.job_records import are_one_job_each
from support.run.sentences import then
from support.service_coordination import research
from support.stores import job_records


@then("every service has one record of each job, and all records and events agree")
def _(world):
    runs = world.runs
    world.expect(job_records.of_runs(world, runs), are_one_job_each(at_least=len(runs)))


@then("each job has its own results, and the partner has answered each request once")
def _(world):
    world.expect(research.results(world), research.have_their_own_results(at_least=len(world.runs)))
