"""The schema of the platform's database: it outlives every process, and with it whatever a defect did to it."""

from support.stack.client import Addresses
from support.stores import opened

_DIGEST = """
with lines(line) as (
  select 'table ' || c.oid::regclass || c.relkind::text || c.relrowsecurity || c.relforcerowsecurity
         || coalesce(c.relacl::text, '') || coalesce(c.reloptions::text, '')
  from pg_class c where c.relnamespace = 'public'::regnamespace
  union all
  select 'column ' || a.attrelid::regclass || a.attname || format_type(a.atttypid, a.atttypmod) || a.attnotnull
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'public'::regnamespace and a.attnum > 0
  union all select 'policy ' || p::text from pg_policies p
  union all select 'index ' || indexdef from pg_indexes where schemaname = 'public'
  union all
  select 'constraint ' || conrelid::regclass || conname || pg_get_constraintdef(oid)
  from pg_constraint where connamespace = 'public'::regnamespace
  union all
  select 'function ' || oid::regprocedure || md5(prosrc) || prosecdef || coalesce(proacl::text, '')
  from pg_proc where pronamespace = 'public'::regnamespace
  union all select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
  union all select 'role ' || rolname || rolsuper || rolbypassrls from pg_roles
  union all select 'setting ' || setdatabase || ' ' || setrole || setconfig::text from pg_db_role_setting
)
select md5(string_agg(line, E'\\n' order by line)) from lines
"""


def digest(addresses: Addresses) -> str:
    """A text that is another one as soon as a table, a policy, an index, a function, a trigger or a role is.

    :raises psycopg.Error: the database does not answer.
    """
    with opened.observing(addresses) as connection:
        row = connection.execute(_DIGEST.encode()).fetchone()
    assert row is not None
    return str(row[0])
