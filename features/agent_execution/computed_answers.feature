@agent_execution
Feature: A cost analysis answers with the customer's own savings
  Segment:          Free and Early
  Business goal:    Win new customers with a first result that they can act on
  Value impact:     Customers see in one run what they pay for nothing
  Strategic impact: A number that holds against the invoice is why anybody pays for a plan

  @AEC-01 @segment.free @segment.early
  Rule: A run ends with a computed answer and tells the whole story on the way

    @smoke
    Scenario: The savings are those in the customer's own inventory
      Given Acme is a Free customer with servers in the cloud
      When Acme runs a cost analysis
      Then the answer equals the savings in Acme's own inventory

    @gate
    Scenario: Customers with different servers get different answers
      Given Acme is a Free customer with two idle servers in the cloud
      And Borealis is an Early customer with four idle servers in the cloud
      When every customer runs a cost analysis at the same moment
      Then each answer equals the savings in its customer's own inventory

    @gate
    Scenario: Every agent computes its answer from the customer's own data
      Given Acme is an Early customer with servers in the cloud
      And Acme has stored usage
      When Acme runs every agent
      Then each answer equals what the customer's own data gives

    @gate
    Scenario: The work is shown while it is being done
      Given Acme is an Early customer with servers in the cloud
      And Acme watches
      And the partner's price list is held back
      When Acme starts a cost analysis
      Then Acme sees the agent start, think and use a tool while the run is still at work

    @gate
    Scenario: The answer can be read the moment it is announced
      Given Acme is an Early customer with servers in the cloud
      And Acme watches
      When Acme starts a cost analysis
      Then the announced answer can be read back at the first attempt
      And the answer equals the savings in Acme's own inventory
