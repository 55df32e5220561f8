@configuration
Feature: A bad configuration is caught before it is deployed
  Segment:          Platform
  Business goal:    Deploy on any day without fear of a typing error
  Value impact:     Mistakes are found on the operator's screen instead of in customers' work
  Strategic impact: Configuration changes need no maintenance window and no expert

  @CFG-08 @segment.platform
  @needs.configuration @needs.operator
  Rule: Validation reports every fault of a candidate and changes nothing

    @smoke
    Scenario: Every fault of a candidate is reported at once
      Given a candidate with faults in its file, its secrets and its variables
      When the operator validates the candidate
      Then the report names every fault with its place, its key and the reason
      And the deployed configuration is unchanged

    @gate @needs.hot_reload @needs.plans @needs.rate_limits
    Scenario: A valid candidate is confirmed with its checksum
      Given a candidate with another rate limit of the Free plan
      When the operator validates the candidate
      Then the configuration is valid
      And every service reports the validated checksum once the candidate is deployed

    @gate @needs.own_database
    Scenario Outline: A candidate that contradicts itself is rejected
      Given a candidate with <contradiction>
      When the operator validates the candidate
      Then the report names every fault with its place, its key and the reason

      Examples:
        | contradiction                                |
        | two signing keys of the same ID              |
        | a lease that is shorter than its heartbeat   |
        | one key for customers' and services' tokens  |
        | the database both as an address and in parts |

    @gate
    Scenario: A candidate that cannot be read is rejected
      Given a candidate with a secret without read permission
      When the operator validates the candidate
      Then the report names every fault with its place, its key and the reason

    @gate
    Scenario: No configuration command shows a secret
      Given a candidate with a fault in every secret
      When the operator validates the candidate
      Then the report names every fault with its place, its key and the reason
      And no command shows any part of a secret
