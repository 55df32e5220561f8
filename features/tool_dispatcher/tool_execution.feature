@tool_dispatcher
Feature: A tool does exactly what was requested
  Segment:          Early, Mid and Enterprise
  Business goal:    Let customers label, stop and resize servers from within a conversation
  Value impact:     A recommended saving reaches the customer's cloud account without manual work
  Strategic impact: Agents that carry savings out justify a higher price than reports that list them

  @TLD-01 @segment.early @segment.mid @segment.enterprise
  @needs.cloud_accounts
  Rule: A tool does what was requested and reports what it did

    @smoke
    Scenario: The requested servers are labelled
      Given Acme is an Early customer with four idle servers in the cloud
      When Acme runs an agent that labels two servers
      Then every cloud account shows exactly the changes that its owner requested
      And each result reports the servers as the customer's own cloud account shows them

    @gate
    Scenario Outline: Every server of a large account is reached
      Given Acme is an Enterprise customer with two hundred servers in the cloud
      When Acme runs <an agent>
      Then every cloud account shows exactly the changes that its owner requested
      And each result reports the servers as the customer's own cloud account shows them

      Examples:
        | an agent                          |
        | an agent that lists servers       |
        | an agent that labels every server |
        | an agent that stops every server  |

    @gate
    Scenario: A label may be without a value
      Given Acme is an Early customer with four idle servers in the cloud
      And Acme has run an agent that labels two servers
      When Acme runs an agent that labels two servers without a value
      Then every cloud account shows exactly the changes that its owner requested

    @gate
    Scenario: The requested servers are stopped
      Given Acme is a Mid customer with four idle servers in the cloud
      When Acme runs an agent that stops two servers
      Then every cloud account shows exactly the changes that its owner requested
      And each result reports the servers as the customer's own cloud account shows them

    @gate
    Scenario: The requested server is resized
      Given Acme is an Enterprise customer with two idle servers in the cloud
      When Acme runs an agent that resizes a server
      Then every cloud account shows exactly the changes that its owner requested
      And each result reports the servers as the customer's own cloud account shows them

    @gate
    Scenario: A stopped server stays stopped when it is resized
      Given Acme is an Enterprise customer with two idle servers in the cloud
      And Acme has run an agent that stops two servers
      When Acme runs an agent that resizes a server
      Then every cloud account shows exactly the changes that its owner requested

    @gate
    @needs.partner
    Scenario: The requested price is read
      Given Acme is an Early customer with two idle servers in the cloud
      When Acme runs an agent that reads the price of a larger server
      Then the result is the larger server's price in the partner's list

    @gate
    Scenario: Each customer reads the prices of their own region
      Given Acme is an Early customer with two idle servers in the cloud
      And Borealis is a Mid customer with a cloud account in another region
      And Acme has run an agent that reads the price of a larger server
      When Borealis runs an agent that reads the price of a larger server
      Then each result is the larger server's price in the customer's own region
