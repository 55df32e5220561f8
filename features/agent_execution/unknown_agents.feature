@agent_execution
Feature: Asking for an agent that does not exist is refused and costs nothing
  Segment:          Free and Early
  Business goal:    Let newcomers correct a slip by themselves
  Value impact:     A typing mistake costs a second, not a run
  Strategic impact: An interface that helps is adopted without training

  @AEC-09 @segment.free @segment.early
  Rule: An unknown agent is refused with the names of the known ones, and nothing else happens

    @smoke
    Scenario: The refusal names the agents that can be asked
      Given Acme is a Free customer
      When Acme asks for an agent that does not exist
      Then the refusal names every known agent

    @gate
    Scenario: A refused request leaves nothing behind
      Given Acme is an Early customer with stored usage
      And Acme watches
      When Acme asks for an agent that does not exist
      Then Acme has no run and no thread
      And the first event that Acme receives is from the next run

    @gate
    Scenario: A refused request is counted nowhere
      Given Acme is an Early customer with stored usage
      And Acme has an allowance
      When Acme asks for an agent that does not exist
      Then Acme's next run is counted and nothing else
