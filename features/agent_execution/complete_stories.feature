@agent_execution
Feature: The story of a run is complete, in order and told once
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Make every result explainable step by step
  Value impact:     Customers can follow how an answer came about, whatever kind of run it was
  Strategic impact: Explainable agents are approved where black boxes are not

  @AEC-06 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: A story has its beginning, its steps in order and exactly one end

    @smoke
    Scenario: An ordinary run tells its story in order
      Given Acme is a Free customer with servers in the cloud
      And Acme watches
      When Acme runs a cost analysis
      Then Acme has received every event of the run in order, each once

    @gate
    Scenario: Tools at work side by side are told apart
      Given Acme is an Early customer
      And Acme watches
      When Acme runs an agent that uses three tools side by side
      Then Acme has received every event of the run in order, each once
      And the story tells of three tool calls side by side

    @gate
    Scenario: Delegated agents tell their part inside the story
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme has stored usage
      And Acme watches
      When Acme runs a savings review
      Then Acme has received every event of the run in order, each once
      And the story tells the parts of the cost analysis and the usage report

    @gate
    Scenario: A run without tools tells its story too
      Given Acme is a Mid customer with stored usage
      And Acme watches
      When Acme runs a usage report
      Then Acme has received every event of the run in order, each once
      And the story tells of no tool call

    @gate
    Scenario: A cancelled run ends its story with the cancellation
      Given Acme is a Mid customer
      And Acme watches
      And Acme has started an agent that waits for the partner
      When Acme cancels the run
      Then the run is stored as cancelled
      And Acme has received every event of the run in order, each once
