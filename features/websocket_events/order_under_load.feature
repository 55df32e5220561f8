@websocket_events
Feature: Order holds under load
  Segment:          Enterprise
  Business goal:    Win customers whose agents report thousands of steps in a single run
  Value impact:     Customers show and store events as they arrive, without sorting or deduplicating
  Strategic impact: Integrations need no reordering code, so they go live in days

  @WSE-09 @segment.enterprise
  @needs.live_events @needs.run_numbers
  Rule: Each customer receives all events in order, however fast they are sent

    @nightly
    Scenario: Fifty customers each receive a thousand events in order
      Given fifty customers
      And every user watches events
      When two agents of each customer together emit a thousand events at full speed
      Then every connection has received all events of its own user's runs in order, and nothing else
      And every connection has received a thousand events

    @gate
    @needs.own_services @needs.user_streams @needs.operator
    Scenario: A connection that reads on after a stall keeps the order
      Given Acme is an Enterprise customer with a stalled connection
      And Acme has run an analysis too large for a connection's buffers
      When Acme's connection reads on
      Then Acme has received every event of the run in order, each once

    @gate
    @needs.own_services @needs.user_streams @needs.operator
    Scenario: A connection that catches up during runs keeps the order
      Given Acme is an Enterprise customer with a stalled connection
      And Acme has run an analysis too large for a connection's buffers
      When Acme's connection reads on while two agents emit a thousand events at full speed
      Then every connection has received all events of its own user's runs in order, and nothing else
