"""AgentOS as its deployer configures it: our agents, tokens of the run's key, customers that are kept apart."""

from agents import agents
from agno.db.postgres import AsyncPostgresDb
from agno.job_queue.config import QueueConfig
from agno.os import AgentOS
from agno.os.authz import Authorization
from probe import surroundings

db = AsyncPostgresDb(db_url=surroundings.database_url())
agent_os = AgentOS(
    id="acceptance",
    db=db,
    agents=agents(db),
    authorization=Authorization(verification_keys=[surroundings.signing_key()], algorithm="HS256"),
    user_isolation=True,
    queue=QueueConfig(durable=True, redis=surroundings.redis_url()),
    telemetry=False,
)
app = agent_os.get_app()
