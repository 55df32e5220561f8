@tool_dispatcher
Feature: Tools that do not need each other work at the same time
  Segment:          Mid and Enterprise
  Business goal:    Answer in the time of the slowest source, not of all of them
  Value impact:     An analysis over many sources takes customers hardly longer than one over few
  Strategic impact: Speed that grows with the plan is a reason to choose the larger one

  @TLD-02 @segment.mid @segment.enterprise
  Rule: Independent tools run side by side, and each result stays with its call

    @smoke
    Scenario: The second question is asked while the first waits for its answer
      Given Acme is a Mid customer
      And Acme watches
      When Acme runs an agent that asks the partner two questions side by side
      Then both questions were with the partner at the same time
      And each question has its own answer, in the result and as shown to Acme

    @gate
    Scenario: A slow tool does not hold up another
      Given Acme is an Enterprise customer with two idle servers in the cloud
      And Acme watches
      When Acme runs an agent that lists the servers while the partner is silent
      Then the servers were listed before the partner had answered
      And each list names the customer's own servers and no others
