@tool_dispatcher
Feature: The time of tools is measured
  Segment:          Mid and Enterprise
  Business goal:    Show which source makes an analysis slow
  Value impact:     Customers see whom to ask about a slow answer: us, or their partner
  Strategic impact: Service levels can only be agreed on what is measured

  @TLD-06 @segment.mid @segment.enterprise
  Rule: The time told for a tool is the time that the tool was at work

    @gate
    Scenario: A tool takes as long as the partner takes to answer
      Given Acme is a Mid customer with servers in the cloud
      And Acme watches
      And the partner takes a second to answer
      When Acme runs a cost analysis
      Then the time told for the price list is the time that the partner took
      And the records hold the times that Acme was told

    @gate
    Scenario: Waiting for a turn does not count as work
      Given Acme is an Enterprise customer
      And Acme watches
      When Acme runs an agent that asks more than it may ask at once
      Then the time told for each question is the time that the partner took, without the wait for its turn
      And the records hold the times that Acme was told
