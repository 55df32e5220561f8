@tool_dispatcher
Feature: A tool works only in its caller's cloud account
  Segment:          Free, Mid and Enterprise
  Business goal:    Let customers entrust the credentials of their cloud to agents
  Value impact:     No agent reads or changes the servers of another customer
  Strategic impact: One shared tools service can safely act for thousands of customers at the same time

  @TLD-03 @segment.free @segment.mid @segment.enterprise
  @needs.cloud_accounts
  Rule: A tool call acts for its caller only

    @gate @exclusive
    @needs.live_events @needs.own_services
    Scenario: Two customers label servers at the same time, each only their own
      Given Acme is a Mid customer with two idle servers in the cloud
      And Borealis is an Enterprise customer with two idle servers in the cloud
      And every user watches events
      When Acme and Borealis run an agent that labels two servers at the same time
      Then every cloud account shows exactly the changes that its owner requested
      And each result reports the servers as the customer's own cloud account shows them

    @gate @exclusive
    @needs.live_events @needs.own_services
    Scenario: Two customers list servers at the same time, each only their own
      Given Acme is a Free customer with two idle servers in the cloud
      And Borealis is a Free customer with four idle servers in the cloud
      And every user watches events
      When Acme and Borealis run an agent that lists servers at the same time
      Then each result reports the servers as the customer's own cloud account shows them

    @gate
    Scenario: Tools work in the account that the customer has named last
      Given Acme is a Mid customer with two idle servers in the cloud
      And Acme has run an agent that lists servers
      And Acme has another cloud account with four idle servers
      When Acme runs an agent that lists servers
      Then each result reports the servers as the customer's own cloud account shows them

    @smoke
    Scenario: A tool cannot stop another customer's server
      Given Acme is a Mid customer with two idle servers in the cloud
      And Borealis is an Enterprise customer with two idle servers in the cloud
      And Acme has run a cost analysis
      When Borealis runs an agent that stops a server of the other customer and one of its own
      Then Acme's servers are unchanged
      And Borealis' agent has stopped its own server, with no result for Acme's

    @gate
    Scenario: No tool works anywhere when the customer's account refuses it
      Given Acme is a Mid customer with a cloud account that does not admit the platform
      When Acme runs an agent that tries to list servers
      Then Acme's agent has received no servers, only that the account does not admit it

    @gate
    Scenario: Naming another customer's account gives no access to it
      Given Acme is a Mid customer with two idle servers in the cloud
      And Acme has run an agent that lists servers
      And Borealis is an Enterprise customer with another customer's cloud account named as their own
      When Borealis runs an agent that tries to list servers
      Then Borealis' agent has received no servers, only that the account does not admit it

    @gate
    @needs.cancellation
    @needs.partner
    Scenario: Stopping one customer's call leaves another customer's alone
      Given Acme is a Mid customer
      And Borealis is an Enterprise customer
      And Acme has started an agent that waits for the partner
      And Borealis has started an agent that waits for the partner
      When Acme cancels the run while Borealis' call goes on
      Then Borealis' run completes
