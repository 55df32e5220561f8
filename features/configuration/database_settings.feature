@configuration @gate
Feature: Database settings fit their environment
  Segment:          Platform
  Business goal:    Make unsafe deployments impossible
  Value impact:     Customers' data is never sent in the clear or kept behind a known password
  Strategic impact: Security reviews check a rule instead of every deployment

  @CFG-06 @segment.platform
  @needs.configuration @needs.own_services @needs.own_database @needs.operator
  Rule: A service with unfit database settings refuses to start and says why

    Scenario Outline: Unfit database settings are refused
      Given a candidate with <unfit settings>
      When the <service> is started with the candidate
      Then the start is refused with every fault, its place, its key and the reason
      And nothing of the started service is left running

      Examples:
        | unfit settings                                       | service           |
        | an unencrypted database address in production        | backend           |
        | an unencrypted database address in staging           | backend           |
        | an unencrypted database given in parts in staging    | worker            |
        | an encrypted but unverified database in production   | tools service     |
        | a development password in a production address       | auth service      |
        | a development password among the parts in staging    | analytics service |
        | a percent-encoded development password in production | tools service     |
        | a development password of the cache in staging       | worker            |
        | unencrypted stores in production                     | analytics service |

    Scenario Outline: Fit database settings are accepted
      Given a candidate with <fit settings>
      When the operator validates the candidate
      Then the configuration is valid

      Examples:
        | fit settings                                  |
        | a verified database address in production     |
        | a verified database given in parts in staging |
