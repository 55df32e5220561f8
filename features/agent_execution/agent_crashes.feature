@agent_execution
Feature: A crash inside an agent stays inside its run
  Segment:          Mid and Enterprise
  Business goal:    Let customers bring agents of their own without risk to others
  Value impact:     A faulty agent costs its owner one run and nobody else anything
  Strategic impact: An open platform is only open if it holds

  @AEC-05 @segment.mid @segment.enterprise
  Rule: A crashing agent fails its own run, with a reason fit for a customer, and nothing else

    @smoke
    Scenario: Runs beside a crashing agent complete
      Given Acme is a Mid customer
      And Borealis is an Enterprise customer with servers in the cloud
      When Acme runs an agent that crashes while Borealis runs a cost analysis
      Then Acme's run failed because of the agent
      And the answer equals the savings in Borealis' own inventory
      And every service is ready

    @gate
    Scenario: An agent that tries to end the process ends its own run only
      Given Acme is a Mid customer with stored usage
      When Acme runs an agent that tries to end the process
      Then Acme's run failed because of the agent
      And every service is ready
      And Acme can finish a usage report

    @gate
    Scenario: The reason of a crash is told in the customer's words
      Given Acme is a Mid customer
      And Acme watches
      When Acme runs an agent that crashes
      Then the error that Acme reads and receives shows nothing internal
