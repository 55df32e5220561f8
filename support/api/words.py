"""The words of the API in sentences; see support/scenario/words.py."""

from support.api.invalid_requests import Wrong
from support.api.outages import Breakdown
from support.api.tokens import BadToken
from support.scenario.words import kind

TYPES = {"BadToken": kind(BadToken), "Wrong": kind(Wrong), "Breakdown": kind(Breakdown)}
