@websocket_events
Feature: A notice to everyone reaches everyone, and only notices do
  Segment:          Free, Early, Mid, Enterprise and Platform
  Business goal:    Announce maintenance before it is noticed
  Value impact:     Customers plan around maintenance instead of being hit by it
  Strategic impact: One trusted channel to every customer at once

  @WSE-07 @segment.free @segment.early @segment.mid @segment.enterprise @segment.platform
  Rule: An operator's notice reaches each connected user once, and nobody else can send one

    @smoke
    Scenario: A maintenance notice reaches every connected user of every segment once
      Given a customer of each segment watches, with a colleague
      And Acme watches in another tab
      When the operator sends a notice to everyone
      Then everyone receives the notice in time
      And each hears of their next run right after it, and of the notice once

    @gate
    Scenario: A customer cannot send a notice
      Given Acme is an Enterprise customer
      And Borealis is a Free customer
      And every customer watches
      When Acme tries to send a notice to everyone
      Then Acme is refused for want of the operator's permission
      And the only notice that anybody receives is the operator's next one
