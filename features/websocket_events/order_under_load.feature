@websocket_events
Feature: Order holds under load
  Segment:          Enterprise
  Business goal:    Serve customers whose agents talk by the thousand
  Value impact:     A story told fast is still told in order
  Strategic impact: Correctness under load separates a platform from a demonstration

  @WSE-09 @segment.enterprise
  Rule: However fast events come, every customer receives them in the order of their numbers, with none left out

    @nightly
    Scenario: A thousand events for each of fifty customers arrive in order
      Given fifty customers
      And every customer watches
      When two agents of each tell a thousand events together, as fast as they can
      Then every connection has received all events of its own customer's runs and nothing else
      And each has been told a thousand events
