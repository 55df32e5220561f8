@tool_dispatcher
Feature: A tool does what it was asked to do
  Segment:          Early, Mid and Enterprise
  Business goal:    Turn recommendations into savings without leaving the product
  Value impact:     What a customer has decided is done in their own cloud account, to the letter
  Strategic impact: One agent that acts is worth many that only talk

  @TLD-01 @segment.early @segment.mid @segment.enterprise
  Rule: A tool does the work it was asked to do, and tells what it has done

    @smoke
    Scenario: A label stands on the servers that it was asked for
      Given Acme is an Early customer with four idle servers in the cloud
      When Acme has an agent label two of the servers
      Then Acme's cloud account shows it done to these servers and to no others
      And the result tells it as the cloud account shows it

    @gate
    Scenario: Servers that were to be stopped do not run any more
      Given Acme is a Mid customer with four idle servers in the cloud
      When Acme has an agent stop two of the servers
      Then Acme's cloud account shows it done to these servers and to no others
      And the result tells it as the cloud account shows it

    @gate
    Scenario: A server that was to be smaller or larger is so
      Given Acme is an Enterprise customer with two idle servers in the cloud
      When Acme has an agent resize one of the servers
      Then Acme's cloud account shows it done to these servers and to no others
      And the result tells it as the cloud account shows it

    @gate
    Scenario: A price list has what it was asked for
      Given Acme is an Early customer with two idle servers in the cloud
      When Acme has an agent read the price of a larger server
      Then the result has that price as the partner lists it, and no other
