@tool_dispatcher
Feature: The duration of each tool call is measured
  Segment:          Mid and Enterprise
  Business goal:    Show which data source makes an analysis slow
  Value impact:     Customers see whether the platform or a partner made an answer slow
  Strategic impact: Only tools whose time is measured can be sold with a service level

  @TLD-06 @segment.mid @segment.enterprise
  @needs.live_events @needs.call_durations
  Rule: The reported duration is the time for which the tool ran

    @gate
    @needs.cloud_accounts
    @needs.partner
    Scenario Outline: A tool call's reported duration is the partner's response time
      Given Acme is a Mid customer with servers in the cloud
      And Acme watches events
      And the partner takes a second <to respond>
      When Acme runs a cost analysis
      Then the duration reported to Acme for the price list is the partner's response time

      Examples:
        | to respond               |
        | to respond               |
        | to complete its response |

    @gate
    @needs.cloud_accounts
    @needs.partner
    Scenario: The duration of a failed call is reported, too
      Given Acme is a Mid customer with servers in the cloud
      And Acme watches events
      And the partner takes a second to respond with an error
      When Acme runs a cost analysis
      Then the duration reported to Acme for the price list is the partner's response time

    @gate
    @needs.cloud_accounts @needs.own_records
    @needs.partner
    Scenario Outline: Stored durations equal those that were reported
      Given Acme is a Mid customer with servers in the cloud
      And Acme watches events
      And the partner takes a second <to respond>
      When Acme runs a cost analysis
      Then the stored durations equal those that were reported to Acme

      Examples:
        | to respond               |
        | to respond               |
        | to respond with an error |

    @gate
    @needs.partner @needs.own_records
    Scenario: Waiting to start does not count as tool time
      Given Acme is an Enterprise customer
      And Acme watches events
      When Acme runs an agent that asks the partner more questions than its tools may handle in parallel
      Then the duration reported to Acme for each question is the partner's response time
      And the stored durations equal those that were reported to Acme
