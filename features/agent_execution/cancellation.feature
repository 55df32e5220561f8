@agent_execution
Feature: A cancelled run really stops
  Segment:          Free, Mid and Enterprise
  Business goal:    Give customers control over what works in their name
  Value impact:     A mistaken run stops at once and uses nothing more
  Strategic impact: People trust agents that they can stop

  @AEC-11 @segment.free @segment.mid @segment.enterprise
  Rule: A customer can cancel a running agent, and nobody else's

    @smoke
    Scenario: Cancelling stops the agent's work outside, too
      Given Acme is a Mid customer
      And Acme watches
      And Acme has started an agent that waits for the partner
      When Acme cancels the run
      Then the partner sees that nobody waits for its answer any more
      And Acme hears of the cancellation in time and of nothing after it

    @gate
    Scenario: Cancelling twice is harmless
      Given Acme is a Free customer
      And Acme has started an agent that waits for the partner
      And Acme has cancelled the run
      When Acme cancels the run
      Then the second cancellation is accepted like the first
      And the run is stored as cancelled

    @gate
    Scenario: Nobody cancels somebody else's run
      Given Ben of Acme is a member
      And Borealis is an Enterprise customer
      And Acme has started an agent that waits for the partner
      When Ben of Acme and Borealis try to cancel Acme's run before the partner answers
      Then each is answered as if the run had never existed
      And Acme's run completes
