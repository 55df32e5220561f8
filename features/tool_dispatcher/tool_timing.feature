@tool_dispatcher
Feature: The duration of each tool call is measured
  Segment:          Mid and Enterprise
  Business goal:    Show which data source makes an analysis slow
  Value impact:     Customers see whether a slow answer is due to us or to their partner
  Strategic impact: Service levels of tools can be sold only when their time is measured

  @TLD-06 @segment.mid @segment.enterprise
  Rule: The duration reported for a tool call is the time for which the tool was running

    @gate
    Scenario: A tool call takes as long as the partner's answer
      Given Acme is a Mid customer with servers in the cloud
      And Acme watches
      And the partner takes a second to answer
      When Acme runs a cost analysis
      Then the duration reported to Acme for the price list is the partner's response time
      And the stored durations equal those that were reported to Acme

    @gate
    Scenario: Waiting to be called does not count as a tool's time
      Given Acme is an Enterprise customer
      And Acme watches
      When Acme runs an agent that asks the partner more questions than may run at once
      Then the duration reported to Acme for each question, excluding its wait, is the partner's response time
      And the stored durations equal those that were reported to Acme
