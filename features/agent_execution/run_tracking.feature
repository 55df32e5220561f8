@agent_execution
Feature: Operators see every run and where its time went
  Segment:          Platform
  Business goal:    Find the cause of a slow or failed run in minutes
  Value impact:     Customers get an answer from support, not a ticket number
  Strategic impact: What operators can see, a small team can run for many customers

  @AEC-07 @segment.platform
  Rule: The tracker lists runs in each of their states, with durations that add up

    @gate
    Scenario: A run is listed in each of its states
      Given Acme is a Mid customer with stored usage
      And Acme has runs that completed, failed, timed out and were cancelled
      And every place to work is taken by a run of Acme that waits for the partner
      When Acme starts a usage report that has to wait
      Then the operator sees Acme's runs in these states
        | state     |
        | queued    |
        | running   |
        | completed |
        | failed    |
        | timed out |
        | cancelled |

    @gate
    Scenario: The steps of a run account for its whole duration
      Given Acme is an Early customer with servers in the cloud
      And the partner takes a second to answer
      When Acme runs a cost analysis
      Then the operator sees the durations of its steps add up to the run's
      And the operator sees the second spent on the partner's price list
      And the run took no longer than Acme waited for it
