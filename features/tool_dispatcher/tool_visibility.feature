@tool_dispatcher
Feature: Customers can watch every tool call
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Show users what agents do on their behalf while they do it
  Value impact:     Users follow each call to an outside service, and none of its secrets is disclosed
  Strategic impact: Customers delegate larger tasks to agents that they can watch

  @TLD-08 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.live_events
  Rule: Only the caller sees each call start and end, without secrets

    @smoke
    @needs.cloud_accounts @needs.own_records
    Scenario: Each tool call is shown as it starts and as it ends
      Given Acme is a Free customer with servers in the cloud
      And Acme watches events
      When Acme runs a cost analysis
      Then only Acme has received the start and the end of each tool call, each once

    @gate
    @needs.colleagues @needs.cloud_accounts @needs.own_records
    Scenario: Neither colleagues nor other customers see a tool call
      Given Acme is a Mid customer with servers in the cloud
      And Ben of Acme is a member
      And Borealis is an Early customer
      And every user watches events
      When Acme runs a cost analysis
      Then only Acme has received the start and the end of each tool call, each once

    @gate
    @needs.own_records
    @needs.partner
    Scenario: A repeated call is shown as often as it is made
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs an agent that asks the partner the same question twice
      Then only Acme has received the start and the end of each tool call, each once

    @gate
    @needs.own_records
    @needs.partner
    Scenario: Calls are shown to the caller, whoever used the tool before
      Given Acme is a Mid customer
      And Borealis is an Early customer
      And every user watches events
      And Borealis has run research on three topics
      When Acme runs research on three topics
      Then only Acme has received the start and the end of each tool call, each once

    @gate
    @needs.partner
    Scenario: Secrets are used, but neither shown nor stored
      Given Acme is an Enterprise customer
      And Acme watches events
      When Acme runs an agent that signs in to the partner
      Then the partner has received every secret
      And the events of the tool call contain no secret
      And the platform's databases and logs contain no secret

    @gate
    @needs.error_codes
    Scenario: A call to an unknown tool is refused with the reason
      Given Acme is an Early customer
      And Acme watches events
      When Acme runs an agent that calls an unknown tool
      Then Acme is notified that there is no such tool and that a retry will not help
      And Acme can read that one tool call failed because there is no such tool
