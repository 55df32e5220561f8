@websocket_events
Feature: Maintenance notices reach every connected user
  Segment:          Free, Early, Mid, Enterprise and Platform
  Business goal:    Announce maintenance before it begins
  Value impact:     Customers plan around maintenance instead of being hit by it
  Strategic impact: One trusted channel reaches every customer at the same time

  @WSE-07 @segment.free @segment.early @segment.mid @segment.enterprise @segment.platform
  @needs.operator @needs.live_events @needs.notices
  Rule: Each connected user receives a notice once, and only operators send notices

    @smoke
    @needs.colleagues @needs.sequence_numbers
    Scenario: A maintenance notice reaches every connected user of every segment once
      Given an owner and a member in each segment
      And every user watches events
      And Acme has a second open tab
      When the operator sends a notice to everyone
      Then every connection receives the notice in time
      And every connection shows the notice once, with no gap to the next run

    @gate
    Scenario: A notice reaches a customer who has been connected for a while
      Given Acme is a Mid customer
      And Acme watches events
      And Acme has been connected for some heartbeats
      When the operator sends a notice to everyone
      Then every connection receives the notice in time

    @gate
    @needs.own_services
    Scenario: A notice reaches the users of every backend
      Given Acme is a Mid customer
      And Acme watches events
      And two backends are running
      And Borealis watches events at the second backend
      When the operator sends a notice to everyone
      Then every connection receives the notice in time

    @gate @exclusive
    @needs.own_services @needs.own_stores @needs.sequence_numbers
    Scenario: A notice reaches customers although the event stream has lost its data
      Given Acme is an Early customer
      And Acme watches events
      And the event stream has lost its data, and Acme has been notified of it
      When the operator sends a notice to everyone
      Then every connection receives the notice in time

    @gate @exclusive
    @needs.colleagues @needs.own_services @needs.own_database @needs.sequence_numbers
    Scenario: A notice that has to be sent again is shown once
      Given an owner and a member in each segment
      And every user watches events
      When the operator sends a notice whose delivery is interrupted before it is recorded
      Then every connection shows the notice once, with no gap to the next run

    @gate
    Scenario: A notice reaches more than a hundred customers
      Given a hundred and twenty customers
      And every user watches events
      When the operator sends a notice to everyone
      Then every connection receives the notice in time

    @gate
    Scenario: A customer cannot send a notice
      Given Acme is an Enterprise customer
      And Borealis is a Free customer
      And every user watches events
      When Acme tries to send a notice to everyone
      Then Acme is refused because the operator permission is missing
      And every connection receives the operator's next notice and no other
