"""The words of business data in sentences; see support/scenario/words.py."""

from support.business_data import allowances
from support.business_data.caching import Change, Trouble
from support.business_data.invitations import Spent
from support.scenario.words import kind

ASSETS = allowances.ASSETS
TYPES = {"Change": kind(Change), "Trouble": kind(Trouble), "Spent": kind(Spent)}
