@tool_dispatcher
Feature: A tool works in its caller's own account
  Segment:          Free, Mid and Enterprise
  Business goal:    Let customers give agents the keys to their cloud
  Value impact:     Nobody's agent reads or changes what belongs to another customer
  Strategic impact: Agents may only act for thousands at once if each acts for one alone

  @TLD-03 @segment.free @segment.mid @segment.enterprise
  Rule: A tool call acts for its caller only

    @gate @exclusive
    Scenario: The same tool, used by two customers at once, changes for each what is their own
      Given Acme is a Mid customer with two idle servers in the cloud
      And Borealis is an Enterprise customer with two idle servers in the cloud
      And every customer watches
      When Acme and Borealis each have an agent label two of their servers at once
      Then each cloud account shows it done to its own servers and to no others
      And each result tells it as the customer's own cloud account shows it

    @gate @exclusive
    Scenario: The same tool, used by two customers at once, shows to each what is their own
      Given Acme is a Free customer with two idle servers in the cloud
      And Borealis is a Free customer with four idle servers in the cloud
      And every customer watches
      When Acme and Borealis each have an agent list their servers at once
      Then each list names the customer's own servers and no others

    @smoke
    Scenario: Nobody's tool reaches into somebody else's account
      Given Acme is a Mid customer with two idle servers in the cloud
      And Borealis is an Enterprise customer with two idle servers in the cloud
      And Acme has finished a cost analysis
      When Borealis has an agent stop a server of Acme's, and then one of their own
      Then Acme's servers are as they were
      And Borealis' agent has stopped the second server and is told that there is no first
