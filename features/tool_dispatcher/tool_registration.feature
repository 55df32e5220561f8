@tool_dispatcher
Feature: Tools are added and withdrawn without a restart
  Segment:          Free, Mid, Enterprise and Platform
  Business goal:    Offer a new partner's tools on the day the contract is signed
  Value impact:     Customers can use a new tool immediately, and no call is lost when a tool is withdrawn
  Strategic impact: A catalogue that grows without downtime attracts further partners

  @TLD-07 @segment.free @segment.mid @segment.enterprise @segment.platform
  @needs.operator @needs.tool_registration
  Rule: Tools can be added and withdrawn while the platform runs

    @smoke
    @needs.tools
    @needs.partner
    Scenario: An added tool can be used immediately
      Given Acme is a Mid customer
      And Acme has run an agent that cannot find the currency tool
      And the operator has added the currency tool
      When Acme runs an agent that calls the currency tool
      Then Acme's agent receives the partner's response
      And the published tool list names the currency tool

    @gate
    @needs.plans @needs.tools
    @needs.partner
    Scenario: An added tool is refused to a plan without its permission
      Given Acme is a Free customer
      And the operator has added the currency tool
      When Acme runs an agent that calls the currency tool
      Then Acme's agent is refused because the plan does not include the tool, with no request to the partner

    @gate
    @needs.tools
    @needs.partner
    Scenario: A withdrawn tool can be added again
      Given Acme is an Enterprise customer with access to a new currency tool
      And the operator has withdrawn the currency tool
      And Acme has run an agent that calls the currency tool
      And the operator has added the currency tool
      When Acme runs an agent that calls the currency tool
      Then Acme's agent receives the partner's response

    @gate
    @needs.tools
    @needs.partner
    Scenario: A tool added again works at its new address
      Given Acme is an Enterprise customer with access to a new currency tool
      And Acme has run an agent that calls the currency tool
      And the operator has withdrawn the currency tool
      And the operator has added the currency tool at another address with other parameters
      When Acme runs an agent that calls the currency tool
      Then Acme's agent receives the partner's response

    @gate @exclusive
    @needs.own_services
    @needs.partner
    Scenario: An added tool survives a crash of the tools service
      Given Acme is an Enterprise customer
      And the operator has added the currency tool
      And the operator has restarted the tools service after a crash
      When Acme runs an agent that calls the currency tool
      Then Acme's agent receives the partner's response

    @gate
    @needs.tools
    @needs.partner
    Scenario: A withdrawn tool is refused as withdrawn
      Given Acme is an Enterprise customer with access to a new currency tool
      And Acme has run an agent that calls the currency tool
      And the operator has withdrawn the currency tool
      When Acme runs an agent that calls the currency tool
      Then Acme's agent is refused because the tool was withdrawn, with no further request to the partner
      And the published tool list no longer names the currency tool

    @gate
    @needs.tools
    @needs.partner
    Scenario: A running call finishes although its tool is withdrawn
      Given Acme is a Mid customer with access to a new currency tool
      And Acme has started an agent that waits for the currency tool
      And the operator has withdrawn the currency tool
      When the partner answers the currency tool
      Then Acme's agent receives the partner's response
      And the published tool list no longer names the currency tool
