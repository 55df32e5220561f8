@agent_execution
Feature: Operators see every run and where its time went
  Segment:          Platform
  Business goal:    Find the cause of a slow or failed run in minutes
  Value impact:     Customers get an answer from support, not a ticket number
  Strategic impact: A small team can run the platform for many customers

  @AEC-07 @segment.platform
  @needs.operator
  Rule: Operators see runs of every status, with durations that add up

    @gate
    @needs.cancellation @needs.time_limits
    @needs.partner
    Scenario: Runs of every status are listed
      Given Acme is a Mid customer with stored usage
      And Acme has a completed, a failed, a timed-out and a cancelled run
      And Acme has started agents that take all worker capacity
      When Acme starts a usage report that waits for worker capacity
      Then the operator sees Acme's runs with these statuses
        | status    |
        | queued    |
        | running   |
        | completed |
        | failed    |
        | timed out |
        | cancelled |

    @gate
    @needs.cancellation @needs.time_limits
    @needs.partner
    Scenario Outline: The pages of the list show every run once
      Given Acme is a Mid customer with stored usage
      And Acme has a completed, a failed, a timed-out and a cancelled run
      When the operator reads Acme's runs <some> at a time
      Then each of Acme's runs is shown once, the newest first

      Examples:
        | some |
        | one  |
        | two  |

    @gate
    @needs.cancellation @needs.time_limits
    @needs.partner
    Scenario: Every run is found by its status
      Given Acme is a Mid customer with stored usage
      And Acme has a completed, a failed, a timed-out and a cancelled run
      And Acme has run a usage report
      When the operator asks for Acme's runs by their status, one at a time
      Then each of Acme's runs is found by its status alone

    @gate
    Scenario: Operators see their own runs, too
      Given Acme is a Mid customer with stored usage
      And Acme has run a usage report
      When the operator runs an agent
      Then the list of all runs begins with that run

    @gate
    @needs.cloud_accounts
    @needs.partner
    Scenario: The durations of the steps add up to the run's duration
      Given Acme is an Early customer with servers in the cloud
      And the partner takes a second to respond
      When Acme runs a cost analysis
      Then the operator sees that the steps add up to the run's duration
      And the operator sees that reading the price list took as long as the partner, and no other step did
      And the operator sees that the run took no longer than the customer waited
