@agent_execution
Feature: Starting an unknown agent is refused and costs nothing
  Segment:          Free and Early
  Business goal:    Let newcomers correct a mistake without asking support
  Value impact:     A typing mistake costs a second, not a run
  Strategic impact: An interface that helps is adopted without training

  @AEC-09 @segment.free @segment.early
  Rule: A request for an unknown agent is refused clearly and costs nothing

    @smoke
    Scenario Outline: The error names every known agent
      Given Acme is a Free customer
      When Acme starts <an agent>
      Then the error names every known agent

      Examples:
        | an agent                       |
        | an agent that does not exist   |
        | an agent by half its name      |
        | an agent of an unknown version |

    @gate
    @needs.conversations @needs.live_events
    Scenario: A refused request leaves no run, conversation or event
      Given Acme is an Early customer with stored usage
      And Acme watches events
      When Acme starts an agent that does not exist
      Then Acme has no run and no conversation
      And the first event that Acme receives is from the next run

    @gate
    @needs.allowances @needs.job_records
    Scenario: A refused request is not counted
      Given Acme is an Early customer with stored usage
      And Acme has an allowance
      When Acme starts an agent that does not exist
      Then only Acme's next run is counted against the allowance

    @gate
    Scenario: Whoever was refused several times can still run an agent
      Given Acme is a Free customer with stored usage
      When Acme starts an agent that does not exist, six times
      Then Acme can finish a usage report
