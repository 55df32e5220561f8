@api
Feature: Errors can be explained without exposing internal details
  Segment:          Free, Mid and Enterprise
  Business goal:    Let support find the cause of an error by its request ID
  Value impact:     A customer knows whether to retry, and an attacker learns nothing
  Strategic impact: Support that needs no engineer scales with the number of customers

  @API-07 @segment.free @segment.mid @segment.enterprise
  @needs.own_database @needs.own_services @needs.request_ids
  Rule: An error has a stable code, a request ID and no internals

    @gate @exclusive
    @needs.published_api @needs.endpoint_rules
    @needs.cloud_accounts
    Scenario Outline: An outage is reported as a temporary error
      Given Acme is <a plan> customer with one of each resource
      When Acme calls the affected API endpoints while <an outage>
      Then every response is a temporary error with its request ID
      And every response contains no internal details
      And the log explains every error under the error's request ID
      And every API endpoint open to owners works for Acme

      Examples:
        | a plan        | an outage                           |
        | a Mid         | the database is unreachable         |
        | an Enterprise | the database drops every connection |

      @needs.user_streams
      Examples: The event stream
        | a plan        | an outage              |
        | a Mid         | Redis is unreachable   |
        | an Enterprise | Redis does not respond |

      @needs.job_records
      Examples: Analytics
        | a plan | an outage                          |
        | a Free | the analytics store is unreachable |

    @gate @exclusive
    @needs.published_api @needs.endpoint_rules @needs.configuration
    @needs.cloud_accounts
    Scenario Outline: Health reports of an outage contain no internal details
      Given Acme is a Mid customer with one of each resource
      When Acme calls every service's health endpoints while <an outage>
      Then every response contains no internal details

      Examples:
        | an outage                   |
        | the database is unreachable |

      @needs.user_streams
      Examples: The event stream
        | an outage            |
        | Redis is unreachable |

    @smoke
    @needs.cloud_accounts @needs.conversations @needs.own_records
    Scenario: Corrupted data is reported as an internal error
      Given Acme is a Mid customer with one of each resource
      And Acme has a corrupted cloud account and corrupted runs
      When Acme requests the corrupted cloud account and runs
      Then every response is an internal error with its request ID
      And every response contains no internal details
      And the log explains every error under the error's request ID
