@agent_execution
Feature: The events of a run are complete, in order and sent once
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Make every result explainable step by step
  Value impact:     Customers can see how an answer was reached, whatever kind of run it was
  Strategic impact: Explainable agents are approved where black boxes are not

  @AEC-06 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.live_events @needs.run_numbers
  Rule: Every run has one start, its steps in order and one end

    @smoke
    @needs.cloud_accounts
    Scenario: An ordinary run sends its events in order
      Given Acme is a Free customer with servers in the cloud
      And Acme watches events
      When Acme runs a cost analysis
      Then Acme has received every event of the run in order, each once

    @gate
    @needs.partner
    Scenario: Parallel tool calls keep their own events
      Given Acme is an Early customer
      And Acme watches events
      When Acme runs an agent that calls three tools in parallel
      Then Acme has received every event of the run in order, each once
      And the events show three parallel tool calls

    @gate
    @needs.branches @needs.partner
    Scenario: An agent that takes the first answer leaves no tool call open
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs an agent that continues with the first of two answers
      Then Acme has received every event of the run in order, each once
      And the events show the end of two tool calls

    @gate
    @needs.delegation @needs.cloud_accounts
    Scenario: Delegated agents report their part within the run
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme has stored usage
      And Acme watches events
      When Acme runs a savings review
      Then Acme has received every event of the run in order, each once
      And the events show the delegated cost analysis and usage report

    @gate @exclusive
    @needs.partner @needs.own_services @needs.own_stores @needs.event_store
    Scenario: Events that could not be delivered for a moment are delivered later
      Given Acme is a Mid customer
      And Acme watches events
      And Acme has started an agent that waits for the partner
      When the partner responds while the event stream cannot be reached
      Then the run is stored as completed
      And Acme has received every event of the run in order, each once

    @gate
    Scenario: A run without tools sends its events in order, too
      Given Acme is a Mid customer with stored usage
      And Acme watches events
      When Acme runs a usage report
      Then Acme has received every event of the run in order, each once
      And the events show no tool call

    @gate
    @needs.cancellation
    @needs.partner
    Scenario: A cancelled run sends its events in order, too
      Given Acme is a Mid customer
      And Acme watches events
      And Acme has started an agent that waits for the partner
      When Acme cancels the run
      Then the run is stored as cancelled
      And Acme has received every event of the run in order, each once
