@tool_dispatcher
Feature: Tools come and go while customers work
  Segment:          Mid, Enterprise and Platform
  Business goal:    Offer what a new partner can do on the day that the contract is signed
  Value impact:     Customers use new tools at once, and lose no work to one that goes
  Strategic impact: A catalogue that grows without a pause makes the product a market place

  @TLD-07 @segment.mid @segment.enterprise @segment.platform
  Rule: Tools can be added and withdrawn while the platform runs

    @smoke
    Scenario: A tool that was added can be used at once
      Given Acme is a Mid customer
      And Acme has tried a tool that is not there yet
      And the operator has added the tool
      When Acme's agent uses it
      Then Acme's agent is given the partner's answer
      And the published list names it

    @gate @exclusive
    Scenario: A tool that was added is still there after a crash
      Given Acme is an Enterprise customer
      And the operator has added a tool
      And the tools have crashed and were started again
      When Acme's agent uses it
      Then Acme's agent is given the partner's answer

    @gate
    Scenario: A tool that was withdrawn is refused by name
      Given Acme is an Enterprise customer
      And Acme has used a tool that the operator has added
      And the operator has withdrawn the tool
      When Acme's agent uses it
      Then Acme's agent is told that it was withdrawn, and the partner is not asked again
      And the published list does not name it any more

    @gate
    Scenario: A call at work when its tool is withdrawn is finished
      Given Acme is a Mid customer
      And Acme's agent waits for the answer of a tool that the operator has added
      When the operator withdraws the tool and the partner answers
      Then Acme's agent is given the partner's answer
      And the published list does not name it any more
