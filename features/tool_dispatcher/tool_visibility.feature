@tool_dispatcher
Feature: Customers see every tool at work
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Show customers what agents do in their name while they do it
  Value impact:     Every step outside is seen by those whom it concerns, without a secret in it
  Strategic impact: What can be watched is trusted with more

  @TLD-08 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: Each call is shown once at its beginning and once at its end, to its caller only, without secrets

    @smoke
    Scenario: Every call is shown as it begins and as it ends
      Given Acme is a Free customer with servers in the cloud
      And Acme watches
      When Acme runs a cost analysis
      Then each tool call on record was shown to Acme once at its beginning and once at its end

    @gate
    Scenario: Nobody else is shown the tools at work
      Given Acme is a Mid customer with servers in the cloud
      And Ben of Acme is a member
      And Borealis is an Early customer
      And every customer watches
      When Acme runs a cost analysis
      Then the tools at work were shown to Acme and to nobody else

    @gate
    Scenario: Secrets are used, but not shown
      Given Acme is an Enterprise customer
      And Acme watches
      When Acme has an agent sign in at the partner
      Then the partner was given every secret that it asked for
      And Acme was shown the call without any secret
      And no secret was written down

    @gate
    Scenario: A tool that does not exist is refused by name
      Given Acme is an Early customer
      And Acme watches
      When Acme has an agent use a tool that does not exist
      Then Acme is notified that there is no such tool and that a retry will not help
      And Acme was shown one call, refused because there is no such tool
