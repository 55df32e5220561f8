@agent_execution
Feature: A finished run survives a restart
  Segment:          Mid and Enterprise
  Business goal:    Keep teams that decide on results days after the run
  Value impact:     Customers never repeat an analysis because a server was restarted
  Strategic impact: A platform that keeps every result becomes the system of record

  @AEC-02 @segment.mid @segment.enterprise
  @needs.conversations @needs.cloud_accounts
  Rule: A finished run survives a restart, and later runs build on it

    @gate @exclusive
    @needs.own_services
    Scenario: A finished run is unchanged after the backend has crashed
      Given Acme is a Mid customer with servers in the cloud
      And Acme has run a cost analysis
      When the backend crashes and restarts
      Then the run is unchanged
      And the answer is the newest message of the run's conversation

    @gate
    @needs.sessions @needs.delegation
    @needs.partner
    Scenario Outline: A finished run is unchanged in the customer's next session
      Given Acme is a Mid customer with servers in the cloud and stored usage
      And Acme has run <an agent>
      When Acme starts a new session
      Then the run is unchanged

      Examples:
        | an agent                                          |
        | a cost analysis                                   |
        | a savings review without the partner's price list |

    @gate
    Scenario: A third run builds on the second
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme has run a cost analysis
      And Acme has one more idle server in the cloud
      And Acme has run another cost analysis in the same conversation
      When Acme runs another cost analysis in the same conversation
      Then the answer states no change since the previous answer

    @gate
    @needs.messages
    Scenario: A third run builds on the second in a long conversation, too
      Given Acme is a Mid customer with servers in the cloud
      And Acme has run a cost analysis
      And Acme has sixty more messages in the conversation and one more idle server in the cloud
      And Acme has run another cost analysis in the same conversation
      When Acme runs another cost analysis in the same conversation
      Then the answer states no change since the previous answer

    @gate
    Scenario: A follow-up states the change since nothing was found
      Given Acme is an Enterprise customer with well-used servers in the cloud
      And Acme has run a cost analysis
      And Acme has one more idle server in the cloud
      When Acme runs another cost analysis in the same conversation
      Then the answer states the change since the previous answer

    @gate
    Scenario: A conversation keeps all of its runs
      Given Acme is a Mid customer with stored usage
      And Acme has run a usage report
      When Acme runs a usage report on every worker in the same conversation
      Then every run of Acme reads as completed

    @gate
    Scenario: A follow-up states the change since the previous answer
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme has run a cost analysis
      And Acme has one more idle server in the cloud
      When Acme runs another cost analysis in the same conversation
      Then the answer states the change since the previous answer
